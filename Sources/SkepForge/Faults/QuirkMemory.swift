import Synchronization

/// The quirks that are on, and what they have to remember.
final class QuirkMemory: Sendable {
    let quirks: GiteaQuirks
    private let seen = Mutex<Set<String>>([])

    init(_ quirks: GiteaQuirks) { self.quirks = quirks }

    /// Whether a pull request is still being looked at, as the first time after each change.
    func isBeingChecked(pull: Int64, head: String, base: String) -> Bool {
        quirks.contains(.mergeableLate) && isFirst("check \(pull) \(head) \(base)")
    }

    /// Whether a merge is put off, as the first one of each head.
    func putsOffMerge(pull: Int64, head: String) -> Bool {
        quirks.contains(.mergeRefusedOnce) && isFirst("merge \(pull) \(head)")
    }

    private func isFirst(_ key: String) -> Bool { seen.withLock { $0.insert(key).inserted } }
}
