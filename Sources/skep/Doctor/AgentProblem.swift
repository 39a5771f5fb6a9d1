import SkepAgents
import SkepCore

extension AgentsError {
    /// What is missing, for a line that names the agent already.
    var problem: String {
        switch self {
        case .secretMissing(_, _, .environment(let variable)): "the variable \(variable) isn't set"
        case .secretMissing(_, let secret, .file(let path)):
            "the secret \(secret) isn't in the file \(path)"
        case .secretMissing(_, let secret, .command(let words)):
            "the secret \(secret) doesn't come from \"\(words.first ?? "")\""
        case .programMissing(_, let program, let searched):
            "there is no program \"\(program)\"" + (searched.isEmpty ? "" : " in PATH")
        case .programNotExecutable(_, let program): "\"\(program)\" isn't executable"
        case .programClosed(_, let program, let user): "user \(user) may not run \"\(program)\""
        case .linkMissing(_, let path): "there is no \(path) to link into its home"
        case .hostMissing, .hostFailed, .hostHangs, .sessionFiles, .processesRemain, .loginKept,
            .promptTooLong, .noSuchUser, .rootRefused, .secretTooShort, .cannotBeTold,
            .skillUnusable:
            what
        }
    }
}

extension Diagnosis {
    init(_ subject: String, _ verdict: Verdict, of error: AgentsError) {
        self.init(
            subject, verdict, error.problem, advice: error.advice,
            isOutside: error.kind == .unavailable)
    }
}
