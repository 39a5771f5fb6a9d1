import Synchronization

/// The values of an agent's secrets that this process has read, in memory only: what a command gives
/// may be another value each time, and what a session was started with has to be kept out of what it
/// leaves, hours later, when a password manager is locked.
final class GivenSecrets: Sendable {
    private let values = Mutex<[String: [String]]>([:])
    /// Of each secret: more than change while a session lasts.
    private static let most = 50

    func add(_ read: [String: String]) {
        values.withLock { values in
            for (name, value) in read where values[name]?.contains(value) != true {
                values[name, default: []].append(value)
                if values[name, default: []].count > Self.most { values[name]?.removeFirst() }
            }
        }
    }

    var all: [String] { values.withLock { $0.values.flatMap(\.self) } }

    /// Whether there is a value of each of these.
    func hold(_ names: some Sequence<String>) -> Bool {
        values.withLock { values in names.allSatisfy { values[$0] != nil } }
    }
}
