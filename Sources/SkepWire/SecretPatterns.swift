/// What a `SecretFilter` looks for: every form of every secret, as one automaton.
///
/// A node has mostly one child, so children are a list: 24 bytes a node, where a table would be a
/// kilobyte.
public final class SecretPatterns: Sendable {
    struct Node: Sendable {
        var byte: UInt8
        /// Whether what led here may be the beginning of a form whose lines are broken.
        var mayBreak = false
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

    /// In bytes: shorter ones would take words out of any text.
    public static let shortest = 6

    /// - Parameter secrets: Those that are too short are passed over.
    /// - Returns: `nil` when there is nothing to look for.
    public init?(_ secrets: [String]) {
        let forms = Set(
            secrets.map { Array($0.utf8) }.filter { $0.count >= Self.shortest }
                .flatMap(SecretForms.all))
        guard !forms.isEmpty else { return nil }
        var nodes = [Node(byte: 0, depth: 0)]
        nodes.reserveCapacity(1 + forms.reduce(0) { $0 + $1.bytes.count })
        var pairs = [Bool](repeating: false, count: 1 << 16)
        var firsts = [Bool](repeating: false, count: 256)
        for form in forms {
            Self.add(form, to: &nodes)
            let first = Int(form.bytes[0])
            firsts[first] = true
            pairs[first << 8 | Int(form.bytes[1])] = true
            guard form.mayBreak else { continue }
            for byte in "\n\r\\".utf8 { pairs[first << 8 | Int(byte)] = true }
        }
        Self.link(&nodes)
        self.nodes = nodes
        self.pairs = pairs
        self.firsts = firsts
    }

    func next(_ state: Int32, _ byte: UInt8) -> Int32 {
        Self.next(nodes, state, byte)
    }

    /// Whether a pattern goes on from here with this byte.
    func goesOn(_ state: Int32, _ byte: UInt8) -> Bool { Self.child(nodes, state, byte) != 0 }

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

    private static func add(_ form: SecretForms.Form, to nodes: inout [Node]) {
        var at: Int32 = 0
        for byte in form.bytes {
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
            if form.mayBreak { nodes[Int(at)].mayBreak = true }
        }
        nodes[Int(at)].match = Int32(form.bytes.count)
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
                    if nodes[Int(fallback)].mayBreak { nodes[Int(at)].mayBreak = true }
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
