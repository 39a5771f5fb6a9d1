/// Takes secrets out of a stream of bytes, also where one is split across two pieces of it.
///
/// Everything that any form of a secret covers becomes `[secret]`. What may still become one is held
/// back until a byte decides it; so a line's end lets all of the line through, unless a secret holds
/// one. It is an Aho-Corasick automaton: time and memory don't depend on what comes.
public struct SecretFilter: Sendable {
    private let patterns: SecretPatterns
    private var state: Int32 = 0
    /// What is held back: as many bytes as the state is deep, and which of them are surely secret.
    private var held: [UInt8] = []
    private var covered: [Bool] = []
    /// Whether the last byte that was decided was secret: one mark stands for all in a row.
    private var isInSecret = false

    public init(_ patterns: SecretPatterns) { self.patterns = patterns }

    private static let mark = Array("[secret]".utf8)

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
        release(held.count, &decided)
        state = 0
        isInSecret = false
        return decided
    }

    private mutating func step(_ byte: UInt8, _ decided: inout [UInt8]) {
        state = patterns.next(state, byte)
        held.append(byte)
        covered.append(false)
        let node = patterns.nodes[Int(state)]
        for index in held.count - Int(node.match)..<held.count { covered[index] = true }
        // A secret that ends later can't begin before what the state remembers.
        release(held.count - Int(node.depth), &decided)
    }

    private mutating func release(_ count: Int, _ decided: inout [UInt8]) {
        guard count > 0 else { return }
        for index in 0..<count {
            if !covered[index] {
                decided.append(held[index])
            } else if !isInSecret {
                decided.append(contentsOf: Self.mark)
            }
            isInSecret = covered[index]
        }
        held.removeFirst(count)
        covered.removeFirst(count)
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

/// What a `SecretFilter` looks for: every form of every secret, as one automaton.
///
/// A node has mostly one child, so children are a list: 24 bytes a node, where a table would be a
/// kilobyte.
public final class SecretPatterns: Sendable {
    struct Node: Sendable {
        var byte: UInt8
        var depth: Int32
        /// First child, next sibling: 0 is none, since the root is nobody's.
        var child: Int32 = 0
        var sibling: Int32 = 0
        /// Where to go on when no child fits: the longest end of this one that begins another.
        var fallback: Int32 = 0
        /// The length of the longest pattern that ends here.
        var match: Int32 = 0
    }

    let nodes: [Node]
    /// Of two bytes, whether a pattern begins with them; and of one.
    private let pairs: [Bool]
    private let firsts: [Bool]

    /// - Parameter secrets: Those under 6 bytes are passed over: they would take words out of a text.
    /// - Returns: `nil` when there is nothing to look for.
    public init?(_ secrets: [String]) {
        let forms = Set(
            secrets.map { Array($0.utf8) }.filter { $0.count >= 6 }.flatMap(SecretForms.all))
        guard !forms.isEmpty else { return nil }
        var nodes = [Node(byte: 0, depth: 0)]
        nodes.reserveCapacity(1 + forms.reduce(0) { $0 + $1.count })
        var pairs = [Bool](repeating: false, count: 1 << 16)
        var firsts = [Bool](repeating: false, count: 256)
        for form in forms {
            Self.add(form, to: &nodes)
            firsts[Int(form[0])] = true
            pairs[Int(form[0]) << 8 | Int(form[1])] = true
        }
        Self.link(&nodes)
        self.nodes = nodes
        self.pairs = pairs
        self.firsts = firsts
    }

    func next(_ state: Int32, _ byte: UInt8) -> Int32 {
        Self.next(nodes, state, byte)
    }

    /// How many bytes at the front surely begin no pattern.
    func harmless(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let last = bytes.last else { return 0 }
        return pairs.withUnsafeBufferPointer { pairs in
            var index = 0
            let end = bytes.count - 1
            while index < end {
                if pairs[Int(bytes[index]) << 8 | Int(bytes[index + 1])] { return index }
                index += 1
            }
            return firsts[Int(last)] ? end : end + 1
        }
    }

    private static func add(_ form: [UInt8], to nodes: inout [Node]) {
        var at: Int32 = 0
        for byte in form {
            var next = child(nodes, at, byte)
            if next == 0 {
                next = Int32(nodes.count)
                nodes.append(
                    Node(
                        byte: byte, depth: nodes[Int(at)].depth + 1,
                        sibling: nodes[Int(at)].child))
                nodes[Int(at)].child = next
            }
            at = next
        }
        nodes[Int(at)].match = Int32(form.count)
    }

    /// Breadth first: whoever is less deep is done already.
    private static func link(_ nodes: inout [Node]) {
        var order: [Int32] = [0]
        order.reserveCapacity(nodes.count)
        var done = 0
        while done < order.count {
            let parent = order[done]
            done += 1
            var at = nodes[Int(parent)].child
            while at != 0 {
                order.append(at)
                if parent != 0 {
                    let fallback = next(nodes, nodes[Int(parent)].fallback, nodes[Int(at)].byte)
                    nodes[Int(at)].fallback = fallback
                    nodes[Int(at)].match = max(
                        nodes[Int(at)].match, nodes[Int(fallback)].match)
                }
                at = nodes[Int(at)].sibling
            }
        }
    }

    private static func next(_ nodes: [Node], _ state: Int32, _ byte: UInt8) -> Int32 {
        var at = state
        while true {
            let found = child(nodes, at, byte)
            if found != 0 || at == 0 { return found }
            at = nodes[Int(at)].fallback
        }
    }

    private static func child(_ nodes: [Node], _ parent: Int32, _ byte: UInt8) -> Int32 {
        var at = nodes[Int(parent)].child
        while at != 0 && nodes[Int(at)].byte != byte { at = nodes[Int(at)].sibling }
        return at
    }
}
