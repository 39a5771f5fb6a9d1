import SkepWire

extension SessionHost {
    /// The end of what was printed, as text, in the order it came.
    ///
    /// - Parameters:
    ///   - limit: In bytes.
    ///   - streams: On which; both by default.
    func tail(
        limit: Int, of streams: [Chunk.Stream] = [.output, .error]
    ) throws(AgentsError) -> String {
        var last = 1
        while FileStatus.exists(files.segment(last + 1)) { last += 1 }
        var bytes: [UInt8] = []
        for segment in stride(from: last, through: 1, by: -1) where bytes.count < limit {
            var reader = SpoolReader(
                files: files, from: SpoolPosition(segment: segment, offset: 0))
            var found: [UInt8] = []
            while reader.position.segment == segment {
                let batch = try wrapping { () throws(WireError) in try reader.next() }
                for (chunk, end) in batch.chunks where end.segment == segment {
                    if streams.contains(chunk.stream) { found += chunk.bytes }
                }
                found = Array(found.suffix(limit))
                if batch.chunks.isEmpty || batch.tail != .whole { break }
            }
            bytes = found + bytes
        }
        return Self.text(bytes, limit: limit)
    }

    /// Bytes as text; a character that is cut at the front is left out.
    static func text(_ bytes: [UInt8], limit: Int) -> String {
        let tail = bytes.suffix(limit)
        let cut = tail.count < bytes.count
        let start = cut ? tail.prefix(3).prefix { $0 & 0xC0 == 0x80 }.count : 0
        return String(decoding: tail.dropFirst(start), as: UTF8.self)
    }
}
