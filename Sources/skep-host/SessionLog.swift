import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The session's log: the only way into the spool, and the place where secrets are taken out.
final class SessionLog {
    private var spool: SpoolWriter
    private let patterns: SecretPatterns?
    private var filters: [Chunk.Stream: SecretFilter] = [:]
    /// Where it ended when it was asked last whether it has grown.
    private var told = SpoolPosition.start
    /// Why nothing can be kept any more.
    private(set) var failure: Int32?

    /// No record is longer, so that a reader needn't take more at once.
    private static let longestChunk = 1 << 18

    init(files: SessionFiles, request: LaunchRequest) throws {
        spool = try SpoolWriter(
            files: files, session: request.session, segmentBytes: request.segmentBytes)
        patterns = SecretPatterns(request.secrets)
    }

    /// A stream's bytes as they may be kept; what may still become a secret comes later.
    func clean(_ bytes: UnsafeRawBufferPointer, of stream: Chunk.Stream) -> [UInt8] {
        guard let patterns else { return Array(bytes) }
        return filters[stream, default: SecretFilter(patterns)].take(bytes)
    }

    /// The stream is over: what was held back of it.
    func rest(of stream: Chunk.Stream) -> [UInt8] {
        filters[stream]?.finish() ?? []
    }

    /// A text that stands by itself, as it may be kept.
    func clean(_ text: [UInt8]) -> [UInt8] {
        patterns.map { SecretFilter.redact(text, $0) } ?? text
    }

    /// Keeps bytes that are clean; false, and never anything again, when that fails.
    @discardableResult
    func append(_ bytes: [UInt8], to stream: Chunk.Stream, at now: Moment = .now) -> Bool {
        var start = 0
        while start < bytes.count, failure == nil {
            let end = min(bytes.count, start + Self.longestChunk)
            append(Chunk(stream: stream, at: now, bytes: Array(bytes[start..<end])))
            start = end
        }
        return failure == nil
    }

    /// Keeps a person's message, as one chunk.
    func mail(_ text: [UInt8]) -> Bool {
        guard failure == nil else { return false }
        append(Chunk(stream: .mail, at: .now, bytes: clean(text)))
        return failure == nil
    }

    /// Keeps the host's own words.
    func note(_ fields: Fields) { append(fields.encoded, to: .note) }

    /// Keeps where the agent was let through to nobody: the name is its own choice, and may hold a
    /// secret.
    func note(refused endpoint: String) {
        let clean = String(decoding: clean(Array(endpoint.utf8)), as: UTF8.self)
        note(SandboxGlue.note(refused: clean))
    }

    /// Whether there is more than the last time.
    func hasGrown() -> Bool {
        defer { told = spool.position }
        return told != spool.position
    }

    /// Makes it durable.
    func finish() {
        guard failure == nil else { return }
        do throws(WireError) { try spool.finish() } catch { failure = error.errno ?? EIO }
    }

    private func append(_ chunk: Chunk) {
        do throws(WireError) { try spool.append(chunk) } catch { failure = error.errno ?? EIO }
    }
}
