public import SkepCore
import SkepWire

/// Why an agent or a command can't be driven.
public enum AgentsError: SkepError, Hashable {
    case hostMissing(path: String)
    /// The host said no, or couldn't begin.
    case hostFailed(folder: String, text: String)
    /// It didn't get to hold the session in time, and was ended.
    case hostHangs(folder: String, program: String)
    case sessionFiles(text: String)
    /// Its processes live on after they were killed.
    case processesRemain(folder: String, pids: [Int32])
    case programMissing(agent: AgentName, program: String, searched: String)
    case programNotExecutable(agent: AgentName, program: String)
    /// The user that agents run as may not run it.
    case programClosed(agent: AgentName, program: String, user: String)
    case secretMissing(
        agent: AgentName, variable: String, source: AgentDefinition.SecretSource)
    /// It can't be kept out of what is shown.
    case secretTooShort(agent: AgentName, variable: String)
    case linkMissing(agent: AgentName, path: String)
    /// One that was renewed in an agent's own home can't be taken back to `origin`.
    case loginKept(agent: AgentName, path: String, origin: String, text: String)
    case promptTooLong(agent: AgentName, bytes: Int, limit: Int)
    case noSuchUser(String)
    /// A session that can't be told anything more.
    case cannotBeTold(agent: AgentName, hasEnded: Bool)
    case skillUnusable(skill: String, reason: String)
    /// Agents are never run as root unless the operator says so.
    case rootRefused

    public var kind: ErrorKind {
        switch self {
        case .hostMissing, .programMissing, .programNotExecutable, .programClosed, .secretMissing,
            .secretTooShort, .linkMissing, .noSuchUser, .skillUnusable, .rootRefused:
            .configuration
        case .hostFailed, .hostHangs, .sessionFiles, .processesRemain, .loginKept: .unavailable
        case .promptTooLong, .cannotBeTold: .refused
        }
    }

    public var what: String {
        switch self {
        case .hostMissing(let path): "There is no session host at \"\(path)\"."
        case .hostFailed(let folder, _), .hostHangs(let folder, _):
            "Can't start a host for the session in \"\(folder)\"."
        case .sessionFiles: "Can't use a session's files."
        case .processesRemain(let folder, _):
            "Processes of the session in \"\(folder)\" can't be ended."
        case .programMissing(let agent, let program, _):
            "Agent \"\(agent)\" can't be started: there is no program \"\(program)\"."
        case .programNotExecutable(let agent, let program):
            "Agent \"\(agent)\" can't be started: \"\(program)\" isn't executable."
        case .programClosed(let agent, let program, let user):
            "Agent \"\(agent)\" can't be started: user \"\(user)\" may not run \"\(program)\"."
        case .secretMissing(let agent, let variable, _):
            "Agent \"\(agent)\" lacks its secret \"\(variable)\"."
        case .secretTooShort(let agent, let variable):
            "The secret \"\(variable)\" of agent \"\(agent)\" is too short for one."
        case .linkMissing(let agent, let path):
            "Agent \"\(agent)\" has no \"\(path)\" to link into its home."
        case .loginKept(let agent, _, let origin, _):
            "The login \"\(origin)\", which agent \"\(agent)\" renewed, can't be replaced."
        case .promptTooLong(let agent, let bytes, _):
            "The prompt for agent \"\(agent)\" is too long for an argument: \(bytes) bytes."
        case .cannotBeTold(let agent, _): "Agent \"\(agent)\" can't be told anything now."
        case .noSuchUser(let name): "There is no user \"\(name)\" on this machine."
        case .skillUnusable(let skill, _): "Skill \"\(skill)\" can't be used."
        case .rootRefused: "Agents aren't run as root."
        }
    }

    public var why: String? {
        switch self {
        case .hostFailed(_, let text), .sessionFiles(let text), .loginKept(_, _, _, let text): text
        case .hostHangs(_, let program):
            "\"\(program)\" got nowhere in time: it was stopped, or waits for a disk. It was ended."
        case .skillUnusable(_, let reason): reason + "."
        case .processesRemain(_, let pids):
            "Still there: " + pids.map(String.init).joined(separator: ", ")
        case .programMissing(_, _, let searched): searched.isEmpty ? nil : "Looked in \(searched)."
        case .programClosed: "The file, or a folder on the way to it, is closed to that user."
        case .secretMissing(_, _, .environment(let variable)):
            "It should come from the environment variable \(variable)."
        case .secretMissing(_, _, .file(let path)): "It should come from the file \"\(path)\"."
        case .secretMissing(_, _, .command(let words)):
            "It should come from the command \"\(words.joined(separator: " "))\"."
        case .cannotBeTold(_, hasEnded: true): "Its session has ended."
        case .cannotBeTold(_, hasEnded: false): "It reads its prompt, and nothing after it."
        case .secretTooShort:
            "Values under \(SecretPatterns.shortest) bytes can't be kept out of what is shown: they "
                + "stand in any text."
        case .promptTooLong(_, _, let limit): "An argument holds at most \(limit) bytes."
        case .hostMissing, .programNotExecutable, .linkMissing, .noSuchUser, .rootRefused: nil
        }
    }

    public var advice: String? {
        switch self {
        case .hostMissing: "Install skep-host beside skep."
        case .processesRemain: "The job waits until they have gone."
        case .programMissing:
            "Install it, or give its full path as the first word of the agent's \"command\"."
        case .programNotExecutable: "Make it executable (\"chmod +x …\")."
        case .programClosed:
            "Install it where that user may run it, and give that path as the first word of the "
                + "agent's \"command\"."
        case .secretMissing: "Set it where Skep runs, or change the agent's \"secrets\"."
        case .secretTooShort:
            "Use a longer one. If it is none, name it under the agent's \"environment\" or "
                + "\"variables\"."
        case .linkMissing: "Log in with the agent's own program, or change \"home\"."
        case .loginKept(_, let path, _, _):
            "The new one is kept at \"\(path)\". Mend what is in the way, or copy or remove it by hand."
        case .promptTooLong:
            "Use {prompt_file} in the agent's \"command\", or neither: then it reads the prompt "
                + "from standard input."
        case .noSuchUser: "Create it, or set agents.user to another."
        case .cannotBeTold: "Comment on the issue, or dispatch it again."
        case .skillUnusable:
            "Mend its folder below skills/, or take it out of the agents' \"skills\"."
        case .rootRefused: "Set agents.user to an ordinary user, or use --allow-root."
        case .hostFailed: "Try again; \"skep check\" says whether hosts can be started here."
        case .hostHangs:
            "See to the machine: its load, and the disks of the state folder and of that program. It is "
                + "tried again."
        case .sessionFiles: "See to the state folder: its disk, its owner, its modes."
        }
    }
}
