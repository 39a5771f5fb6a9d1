import SkepCore
import SkepQueue

/// What became of each of several things a command was given: one that fails doesn't keep the
/// others from being done.
struct EachResult<ID: Sendable> {
    private var done: [(id: ID, outcome: String)] = []
    private var errors: [(id: ID, error: any Error)] = []

    /// Does something with one of them; `work` answers with a word for the outcome.
    mutating func take(_ id: ID, _ work: () async throws -> String) async {
        do {
            done.append((id, try await work()))
        } catch {
            errors.append((id, error))
        }
    }

    /// Prints the JSON document, if that was asked for, and throws what went wrong.
    func finish(on console: Console, idKey: String, json id: (ID) -> JSON) throws {
        if console.isJSON {
            console.show(
                .list(
                    done.map {
                        .object([
                            .init(key: idKey, value: id($0.id)),
                            .init(key: "outcome", value: .text($0.outcome)),
                        ])
                    }))
        }
        guard let first = errors.first else { return }
        guard errors.count > 1 else { throw first.error }
        throw SeveralErrors(errors: errors.map { Exit.described($0.error) })
    }
}

/// Several errors at once; the first one's kind decides the exit status.
struct SeveralErrors: SkepError {
    let errors: [any SkepError]

    var kind: ErrorKind { errors.first?.kind ?? .defect }
    var what: String { "\(errors.count) of them couldn't be done." }
    var why: String? { errors.map(\.what).joined(separator: "\n") }
    var advice: String? { errors.lazy.compactMap(\.advice).first }
}

extension Cancellation {
    var word: String {
        switch self {
        case .cancelled: "cancelled"
        case .requested: "requested"
        case .alreadyFinished: "already_finished"
        }
    }

    func sentence(about subject: String) -> String {
        switch self {
        case .cancelled: "\(subject) is cancelled."
        case .requested: "\(subject) is being stopped."
        case .alreadyFinished(let state): "\(subject) was finished before: \(state.rawValue)."
        }
    }
}
