#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif
internal import Dispatch
internal import SkepCore

/// The JSON document that an agent may leave at `$SKEP_OUTPUT`.
enum OutputDocument: Sendable {
    case bytes([UInt8])
    case missing
    /// Why it isn't read.
    case refused(String)

    /// Its name in the workspace's output folder.
    static let fileName = "output.json"
    private static let maxBytes = 1 << 20

    static func path(in workspace: Workspace) -> String {
        "\(workspace.outputPath)/\(fileName)"
    }

    static func read(in workspace: Workspace, _ screen: SecretScreen) async -> OutputDocument {
        await offPool {
            guard let folder = OpenFolder(workspace.outputPath) else { return .missing }
            switch folder.read(fileName, atMost: maxBytes) {
            case .bytes(let bytes): return .bytes(screen.redacted(document: bytes))
            case .missing: return .missing
            case .refused(let why): return .refused(why)
            }
        }
    }

    /// Decodes it. Keys that nobody asks for are left alone.
    ///
    /// - Throws: `DocumentError`, with what is wrong in words.
    func decoded<Value: Decodable>(as type: Value.Type) throws(DocumentError) -> Value {
        switch self {
        case .missing: throw DocumentError("there is none at $SKEP_OUTPUT")
        case .refused(let why):
            throw DocumentError("the file at $SKEP_OUTPUT can't be used: \(why)")
        case .bytes(let bytes):
            do {
                return try JSONDecoder().decode(type, from: Data(bytes))
            } catch let error as DocumentError {
                throw error
            } catch let error as DecodingError {
                throw DocumentError("the document at $SKEP_OUTPUT: \(error.words)")
            } catch {
                throw DocumentError("the document at $SKEP_OUTPUT isn't JSON")
            }
        }
    }
}

/// What is wrong with a document, in words.
struct DocumentError: Error, Hashable {
    let message: String

    init(_ message: String) { self.message = message }
}

extension DecodingError {
    fileprivate var words: String {
        switch self {
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            "\(Self.place(context.codingPath)) must be \(Self.name(of: type))"
        case .keyNotFound(let key, let context):
            "\(Self.place(context.codingPath + [key])) is missing"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "it isn't JSON" : "\(Self.place(context.codingPath)): \(context.debugDescription)"
        @unknown default: "it can't be read"
        }
    }

    private static func place(_ path: [any CodingKey]) -> String {
        guard !path.isEmpty else { return "it" }
        let text = path.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += (text.isEmpty ? "" : ".") + key.stringValue
            }
        }
        return "\"\(text)\""
    }

    private static func name(of type: Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is any FixedWidthInteger.Type: "a whole number"
        case is [Any].Type: "a list"
        case is [String: Any].Type: "an object"
        default: "\(type)".hasPrefix("Array") ? "a list" : "an object"
        }
    }
}

/// Runs what waits for the disk beside the cooperative pool.
func offPool<R: Sendable>(_ body: @escaping @Sendable () -> R) async -> R {
    await withCheckedContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(returning: body()) }
    }
}
