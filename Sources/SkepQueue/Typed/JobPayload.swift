/// What a job of some kind needs to know, and what it leaves behind.
///
/// ```swift
/// struct Greet: JobPayload {
///     static let kind: JobKind = "greet"
///     typealias Output = String
///
///     var name: String
/// }
/// ```
///
/// Both are kept as JSON, and are read by programs that may be older or newer than the one that
/// wrote them: give new properties a default in `init(from:)`, or make them optional.
public protocol JobPayload: Codable, Sendable {
    /// What a job of the kind leaves behind when it succeeds. Nothing by default.
    associatedtype Output: Codable & Sendable = NoOutput

    /// Says which handler runs it. Stays the same as long as such jobs are in a queue.
    static var kind: JobKind { get }
}

/// What a job leaves behind that leaves nothing behind.
public struct NoOutput: Codable, Sendable, Hashable {
    public init() {}
}

extension JobPayload {
    func encoded() throws(QueueError) -> [UInt8] {
        do {
            return try JobCoding.encode(self)
        } catch {
            throw .invalidJob(
                Self.kind, reason: "Its payload can't be encoded: \(String(describing: error))")
        }
    }
}
