import SkepCore

/// What lines say that aren't in an agent's protocol.
extension [SessionEvent.Kind] {
    static func foreign(_ line: [UInt8]) -> Self { [.output(line + [UInt8(ascii: "\n")])] }

    /// - Parameter beginning: All that there is of it.
    static func overlong(_ beginning: [UInt8], length: Int64) -> Self {
        [.output(beginning), .note("A line of \(length) bytes was too long to be read.")]
    }
}
