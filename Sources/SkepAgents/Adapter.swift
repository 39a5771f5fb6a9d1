import SkepCore

/// One way of driving an agent's program: how it is started, and how its log is read and spoken into.
///
/// An adapter is a value made of an agent's file. It starts nothing itself: `HostedAgent` does, and
/// it is the same for all.
protocol AgentAdapter: Sendable {
    /// The word that stands as `adapter` in an agent's file, and in the session's folder.
    static var name: String { get }

    /// The program: a name to be looked up in the agent's PATH, an absolute path, or one below "~/".
    var program: String { get }

    /// Whether the program is one that can be asked for its version. True by default.
    var hasVersion: Bool { get }

    /// Whether it tells what it uses. True by default.
    var tellsUsage: Bool { get }

    /// The model that its file names, by which its cost is known if it doesn't tell that itself; `nil` by
    /// default.
    var model: String? { get }

    /// Files that its command line names by absolute paths, such as a script for an interpreter; a
    /// sandbox lets it read them.
    var commandFiles: [String] { get }

    /// What the program is started with.
    func launch(_ brief: Brief) -> Launch

    /// A dialogue with a new session, or a reader of an old one's log.
    ///
    /// - Parameter brief: What it was started with; `nil` when that can't be known any more.
    func dialogue(_ brief: Brief?) -> any Dialogue
}

extension AgentAdapter {
    var hasVersion: Bool { true }
    var tellsUsage: Bool { true }
    var model: String? { nil }
    var commandFiles: [String] { [] }
}

/// What an adapter needs to know of a session that is to be started.
struct Brief: Sendable {
    /// Where things are; all absolute.
    struct Places: Sendable, Hashable {
        /// The working tree, in which the agent starts.
        var workspace: String
        var home: String
        /// The file that `SKEP_OUTPUT` names.
        var output: String
        var promptFile: String
        /// The issue's own text.
        var issueFile: String
    }

    /// What the agent is told first. With `resumes` it is the short text for a session that goes on.
    var prompt: String
    /// The vendor's session to go on with.
    var resumes: String?
    /// What the adapter knew of that session when it was started: its launch's `memo`.
    var memo: String?
    /// What it is told when that session turns out to be gone.
    var fullPrompt: String
    var places: Places
}

/// A program's command line and what else its adapter wants.
struct Launch: Sendable, Hashable {
    enum Input: Sendable, Hashable {
        case nothing
        /// The prompt file.
        case prompt
        /// What its dialogue wishes to say.
        case dialogue
    }

    /// Without the program itself.
    var arguments: [String]
    /// Variables with values that everybody may see.
    var variables: [String: String] = [:]
    var input: Input = .nothing
    /// What whoever reads the session's log will have to know of the session it goes on with.
    var memo: String?
}
