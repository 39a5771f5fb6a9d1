import SkepCore
import SkepQueue
import SkepWire

/// How one kind of agent is spoken with: a state machine over a session's log.
///
/// It is fed the whole log from the beginning, by whoever looks: the worker that leads the session,
/// one that adopts it after a crash, somebody who reads it a year later. So what it tells and what it
/// wishes must follow from the log alone.
protocol Dialogue: Sendable {
    /// How the agent's output is cut before it is taken.
    var framing: Framing { get }

    /// Takes the next entry, and tells what it says.
    mutating func take(_ entry: LogEntry) -> [SessionEvent.Kind]

    /// What is to be done now. Asked when the log has been read to its end. What the log shows as said
    /// is no wish any more.
    var wishes: [Wish] { get }

    /// The line that asks the agent to break off what it is at, with its end; `nil`: there is none, or
    /// it isn't at anything. Said before a session is ended that could have gone on.
    var cancel: [UInt8]? { get }

    /// What people want it to be told and it wasn't yet. By default nothing, for a program that is begun
    /// with its prompt.
    var unheard: UnheardMail { get }

    /// Whether its protocol tells the end of each turn: a program that ends without having told it
    /// hasn't done its work.
    var tellsTurnEnds: Bool { get }
}

extension SessionEvent.Kind {
    /// That somebody said something, which the agent will be told.
    static func waiting(_ text: String) -> Self { .note("waits to be told: \(text)") }
}

extension Dialogue {
    var wishes: [Wish] { [] }
    var cancel: [UInt8]? { nil }
    var unheard: UnheardMail { UnheardMail() }
    var tellsTurnEnds: Bool { false }
}

enum Framing: Sendable, Hashable {
    /// As it was read; a character may be split.
    case bytes
    /// Lines without their ends. One that is longer comes cut off, as `overlong`.
    case lines(longest: Int)
}

/// An entry of a session's log, as dialogues take it.
struct LogEntry: Sendable {
    enum Kind: Sendable {
        /// Of standard output: a line or some bytes, as the dialogue's framing says. The last line of a
        /// session may be half of one.
        case output([UInt8])
        /// The beginning of a line that is too long to be taken whole, and how long it was.
        case overlong([UInt8], length: Int64)
        case errorOutput([UInt8])
        /// A line that was written to the agent's standard input.
        case said([UInt8])
        /// Its standard input was closed, or the agent closed it.
        case inputEnded
        /// What a person wants it to be told.
        case mail(String)
        case sandbox(SandboxReport)
        case note(String)
        /// The session is over, and the log with it.
        case over
    }

    let at: Moment
    let kind: Kind
}

/// Something that a dialogue wants done.
enum Wish: Sendable {
    /// Writes a line to the agent's standard input; with its end, and only one. At most
    /// `ControlRequest.mostBytes`.
    case say([UInt8])
    /// Ends its standard input.
    case endInput
    /// Does something for the agent, and says the line that comes of it.
    ///
    /// Done by its key: not twice at once, and not again once its line was said. After a crash it may be
    /// done again, so it must be repeatable.
    case perform(key: String, @Sendable (SessionWorkplace) async -> [UInt8])
    /// Ends the session, softly. Wished to the log's end, also when the input has ended: by this wish
    /// a session that was through is told from one that somebody stopped.
    case stop
}

/// What a dialogue's errands may use.
struct SessionWorkplace: Sendable {
    let places: Brief.Places
    let house: AgentHouse
    /// The session's own folder; errands may keep folders of their own below it, by names that
    /// begin with "errand-".
    let folder: String
    /// How the session was started: its environment's values are gone, its sandbox, user and limits
    /// are there.
    let request: LaunchRequest
    /// The environment that its agent was started with, without its own secrets.
    let environment: [String: String]
    /// What is kept out of what commands print.
    var secrets: [String] = []
    /// Whether the workspace is only to be looked at.
    var isReadOnly = false
}
