/// The header fields of a message, in order. Names are compared without regard to case, and a name
/// may come more than once.
public struct HTTPHeaders: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    public struct Field: Hashable, Sendable {
        public let name: String
        public let value: String
    }

    public private(set) var fields: [Field] = []

    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    /// The first value with this name; setting replaces all of them, `nil` removes them.
    public subscript(name: String) -> String? {
        get { fields.first { $0.isNamed(name) }?.value }
        set {
            fields.removeAll { $0.isNamed(name) }
            if let newValue { add(name, newValue) }
        }
    }

    /// Every value with this name, in order.
    public func all(_ name: String) -> [String] {
        fields.filter { $0.isNamed(name) }.map(\.value)
    }

    public mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Continues the last value: an obsolete way to write a long one, still met.
    mutating func extendLast(with text: String) {
        guard let last = fields.popLast() else { return }
        fields.append(Field(name: last.name, value: last.value + " " + text))
    }
}

extension HTTPHeaders.Field {
    func isNamed(_ other: String) -> Bool {
        name.utf8.count == other.utf8.count && name.lowercased() == other.lowercased()
    }

    /// Whether the value is a credential: never shown, and never sent to another origin.
    var isCredential: Bool {
        ["authorization", "proxy-authorization", "cookie", "set-cookie"]
            .contains(name.lowercased())
    }
}

/// Credentials are left out wherever headers are printed.
extension HTTPHeaders: CustomStringConvertible, CustomReflectable {
    public var description: String {
        fields.map { "\($0.name): \($0.isCredential ? "(hidden)" : $0.value)" }
            .joined(separator: "\n")
    }

    public var customMirror: Mirror { Mirror(self, children: ["fields": description]) }
}
