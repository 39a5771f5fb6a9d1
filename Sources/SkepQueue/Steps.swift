/// A part of a job that was done once and isn't done again: its result is kept.
public struct JobStep: Sendable, Hashable {
    /// Unique in its job. 1 to 1024 bytes.
    public let name: String
    /// At most `NewJob.maxPayloadBytes`.
    public let result: [UInt8]
    /// The attempt that did it.
    public let attempt: Int
    public let at: Timestamp

    public init(name: String, result: [UInt8], attempt: Int, at: Timestamp) {
        self.name = name
        self.result = result
        self.attempt = attempt
        self.at = at
    }
}

/// What an event is known by: its name, and the job it is for, if it is for one.
///
/// An event without a job is for all that wait for its name. One for a job is a decision or an
/// answer that it asked for.
public struct EventKey: Sendable, Hashable {
    public let name: EventName
    public let job: JobID?

    public init(_ name: EventName, for job: JobID? = nil) {
        self.name = name
        self.job = job
    }
}

/// Something that happened, and happens once: whoever waits for it later gets it, too.
///
/// One for a job is removed with that job, one for all as `Retention.events` says.
public struct QueueEvent: Sendable, Hashable {
    public let key: EventKey
    /// At most `NewJob.maxPayloadBytes`.
    public let payload: [UInt8]
    public let at: Timestamp

    public init(key: EventKey, payload: [UInt8], at: Timestamp) {
        self.key = key
        self.payload = payload
        self.at = at
    }
}

/// What `send` did.
public enum EventAnswer: Sendable, Hashable {
    /// It was kept, and so many jobs that waited for it go on; held ones when they are let go.
    case sent(woken: Int)
    /// It had been sent before; what was sent then stands.
    case existing(QueueEvent)
}

/// Keeps the finished steps of jobs, and the events they wait for.
public protocol StepStore: Sendable {
    /// The finished steps of a job, in the order in which they were done.
    func steps(of id: JobID) async throws -> [JobStep]

    /// Keeps the result of a step, for this attempt and all later ones.
    ///
    /// - Throws: `QueueError.leaseLost`; `.invalidStep` when it breaks a limit or is there already.
    func record(step name: String, result: [UInt8], of lease: LeaseToken) async throws

    /// Makes an event known. Jobs that wait for it are ready at once.
    ///
    /// - Throws: `QueueError.invalidEvent` when it breaks a limit; `.noSuchJob` when it is for a
    ///   job that isn't there.
    @discardableResult
    func send(_ key: EventKey, payload: [UInt8]) async throws -> EventAnswer

    func event(_ key: EventKey) async throws -> QueueEvent?
}
