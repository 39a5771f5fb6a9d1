public import SkepCore
import Subprocess

/// What this machine's kernel gives for a sandbox, found by trying it in a process of its own.
public struct SandboxProbe: Sendable {
    /// The level that is kept, by what, and what is missing.
    public let report: SandboxReport

    /// - Parameters:
    ///   - host: The program `skep-host`.
    ///   - level: What is tried, not `none`; the strongest unless it is said.
    ///   - user: Who is shut in; `nil`: whoever asks.
    /// - Throws: What starting it failed at; `AgentsError.hostFailed` when its answer isn't one.
    public init(host: String, level wanted: SandboxLevel? = nil, user: AgentUser? = nil)
        async throws
    {
        var arguments = ["-c", "exec \"$0\" --probe-sandbox \"$@\"", host]
        if let wanted { arguments.append(wanted.rawValue) }
        let result = try await run(
            .name("sh"), arguments: Arguments(arguments),
            environment: .inherit.updating([
                "SKEP_USER": user.map { "\($0.uid):\($0.gid)" } ?? ""
            ]), output: .string(limit: 65536))
        var level: SandboxLevel?
        var measures: [String] = []
        var missing: [String] = []
        for line in result.standardOutput.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2 else { continue }
            switch words[0] {
            case "sandbox": level = SandboxLevel(rawValue: words[1])
            case "measure": measures.append(words[1])
            case "missing": missing.append(words[1])
            default: break
            }
        }
        guard let level else {
            throw AgentsError.hostFailed(
                folder: host, text: "It doesn't say what sandbox it can make.")
        }
        report = SandboxReport(level: level, measures: measures, missing: missing)
    }

    /// "isolated (mount namespace, landlock 7, …)".
    public var text: String {
        report.level.rawValue
            + (report.measures.isEmpty ? "" : " (\(report.measures.joined(separator: ", ")))")
    }
}

extension SandboxReport {
    /// Why a machine that gives no more than this can't keep a policy; `nil`: it can.
    ///
    /// Landlock may be missing: it stands behind the mounts.
    public func obstacle(to policy: SandboxPolicy) -> String? {
        guard policy.level > .none else { return nil }
        let reasons = missing.filter { !$0.hasPrefix("landlock") }
        if !reasons.isEmpty { return reasons.joined(separator: "; ") }
        return policy.level <= level ? nil : "it gives no more than \(level.rawValue)"
    }
}
