/// Takes secrets out of a stream of bytes, also where one is split across two pieces of it.
///
/// Everything that any form of a secret covers becomes `[secret]`. What may still become one is held
/// back until a byte decides it; so a line's end lets all of the line through, unless a secret holds
/// one, or the line ends with what a secret in base64 or hex begins with: those go on in the next line.
/// It is an Aho-Corasick automaton: time and memory don't depend on what comes.
public struct SecretFilter: Sendable {
    private struct Held {
        let byte: UInt8
        /// A line's end, or an escape of one, within what may become a secret; no pattern counts it.
        let isBreak: Bool
        /// Whether it is surely secret.
        var isCovered = false
    }

    private let patterns: SecretPatterns
    private var state: Int32 = 0
    /// What is held back: as many bytes as the state is deep, and the breaks between them.
    private var held: [Held] = []
    /// How many of these are breaks.
    private var breaks = 0
    private var breaksInRow = 0
    /// Backslashes that may be the beginning of an escaped line's end.
    private var backslashes = 0
    /// Whether the last byte that was decided was secret: one mark stands for all in a row.
    private var isInSecret = false

    public init(_ patterns: SecretPatterns) { self.patterns = patterns }

    /// In bytes: a flood of empty lines isn't held back.
    private static let mostBreaks = 32
    /// What stands in a secret's place.
    public static let mark = "[secret]"
    private static let markBytes = Array(mark.utf8)

    /// Takes the stream's next bytes, and gives what is decided by them.
    public mutating func take(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var decided: [UInt8] = []
        decided.reserveCapacity(held.count + bytes.count)
        var index = 0
        while index < bytes.count {
            if state == 0 {
                let length = patterns.harmless(UnsafeRawBufferPointer(rebasing: bytes[index...]))
                if length > 0 {
                    decided.append(contentsOf: bytes[index..<index + length])
                    isInSecret = false
                    index += length
                    continue
                }
            }
            step(bytes[index], &decided)
            index += 1
        }
        return decided
    }

    /// The stream is over: gives what was held back.
    public mutating func finish() -> [UInt8] {
        var decided: [UInt8] = []
        settleBackslashes(&decided)
        release(held.count, &decided)
        state = 0
        isInSecret = false
        return decided
    }

    private mutating func step(_ byte: UInt8, _ decided: inout [UInt8]) {
        if skips(byte) { return }
        settleBackslashes(&decided)
        // A state that the backslashes led to may go on in its own way.
        if skips(byte) { return }
        advance(byte, &decided)
    }

    /// Takes a line's end within an encoded secret for nothing, also one that JSON has escaped,
    /// however often.
    private mutating func skips(_ byte: UInt8) -> Bool {
        guard patterns.nodes[Int(state)].mayBreak, breaksInRow < Self.mostBreaks else {
            return false
        }
        // What goes on with the byte itself has precedence.
        if backslashes == 0, patterns.goesOn(state, byte) { return false }
        switch byte {
        case UInt8(ascii: "\n") where backslashes == 0, UInt8(ascii: "\r") where backslashes == 0:
            hold([byte], isBreak: true)
        case UInt8(ascii: "\\") where backslashes < 8: backslashes += 1
        case UInt8(ascii: "n") where backslashes > 0, UInt8(ascii: "r") where backslashes > 0:
            hold([UInt8](repeating: UInt8(ascii: "\\"), count: backslashes) + [byte], isBreak: true)
            backslashes = 0
        default: return false
        }
        return true
    }

    /// They turned out to be no line's end.
    private mutating func settleBackslashes(_ decided: inout [UInt8]) {
        let count = backslashes
        backslashes = 0
        for _ in 0..<count { advance(UInt8(ascii: "\\"), &decided) }
    }

    private mutating func hold(_ bytes: [UInt8], isBreak: Bool) {
        for byte in bytes { held.append(Held(byte: byte, isBreak: isBreak)) }
        breaksInRow = isBreak ? breaksInRow + bytes.count : 0
        if isBreak { breaks += bytes.count }
    }

    private mutating func advance(_ byte: UInt8, _ decided: inout [UInt8]) {
        state = patterns.next(state, byte)
        hold([byte], isBreak: false)
        let node = patterns.nodes[Int(state)]
        var left = node.match
        var index = held.count
        while left > 0 {
            index -= 1
            held[index].isCovered = true
            if !held[index].isBreak { left -= 1 }
        }
        // A secret that ends later can't begin before what the state remembers.
        var count = 0
        var surplus = held.count - breaks - Int(node.depth)
        while count < held.count, surplus > 0 || held[count].isBreak {
            if !held[count].isBreak { surplus -= 1 }
            count += 1
        }
        release(count, &decided)
    }

    private mutating func release(_ count: Int, _ decided: inout [UInt8]) {
        guard count > 0 else { return }
        for entry in held[..<count] {
            if entry.isBreak { breaks -= 1 }
            if !entry.isCovered {
                decided.append(entry.byte)
            } else if !isInSecret {
                decided.append(contentsOf: Self.markBytes)
            }
            isInSecret = entry.isCovered
        }
        held.removeFirst(count)
    }
}

extension SecretFilter {
    public mutating func take(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { take($0) } }

    /// A text that stands by itself, without secrets.
    public static func redact(_ bytes: [UInt8], _ patterns: SecretPatterns) -> [UInt8] {
        var filter = SecretFilter(patterns)
        return filter.take(bytes) + filter.finish()
    }
}
