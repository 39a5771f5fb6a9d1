/// Keeps an agent's secrets out of what it left beside its log: a document, a question, a commit.
///
/// What stands in the log was filtered by the session's host.
public struct SecretScreen: Sendable {
    /// Whether there is nothing to keep out.
    public let isEmpty: Bool
    private let redact: @Sendable ([UInt8]) -> [UInt8]

    /// - Parameter redact: Replaces each secret, in whatever form, by "[secret]".
    public init(_ redact: @escaping @Sendable ([UInt8]) -> [UInt8]) {
        self.init(isEmpty: false, redact)
    }

    private init(isEmpty: Bool, _ redact: @escaping @Sendable ([UInt8]) -> [UInt8]) {
        self.isEmpty = isEmpty
        self.redact = redact
    }

    /// For agents that have none.
    public static let none = SecretScreen(isEmpty: true) { $0 }

    public func redacted(_ text: String) -> String {
        isEmpty ? text : String(decoding: redact(Array(text.utf8)), as: UTF8.self)
    }

    public func redacted(_ bytes: [UInt8]) -> [UInt8] { redact(bytes) }

    /// Whether a secret stands in it.
    public func holdsSecret(_ bytes: [UInt8]) -> Bool { redact(bytes) != bytes }
}
