internal import GRDB
internal import SkepQueue

/// What a group of writes has changed of the counts, the throughput and the keys.
///
/// A job that is taken and done moves four counts; a group of a hundred jobs moves the same four.
/// So they are added up here and written once, before COMMIT.
///
/// Nobody has to tell the ledger anything: whoever inserts a job, moves it to another state, changes
/// its priority or deletes it just runs the statement, and triggers report it (see
/// `attach(to:)`). In return, nothing in a write transaction may read `job_count`,
/// `concurrency_key`, `key_head` or `queue_turn` but through the ledger.
///
/// A safe `@unchecked Sendable`: it is used on its connection's thread only.
final class Ledger: @unchecked Sendable {
    struct Cell: Hashable {
        let queue: String
        let state: String
        let kind: String
    }

    struct Key: Hashable {
        let queue: String
        let name: String
    }

    /// What happened to a key since its row was written last.
    struct KeyChange {
        var leased = 0
        var ready = 0
        /// The kinds whose head may be another job.
        var kinds: Set<String> = []
        /// The leases on its jobs.
        var service: Service?
    }

    struct Service {
        let at: Timestamp
        let turn: Int64
        var count: Int
    }

    struct Traffic {
        var enqueued = 0
        var finished = 0
    }

    /// What isn't written yet. A value, so that a savepoint can go back to what was.
    struct Entries {
        var counts: [Cell: Int] = [:]
        var traffic: [String: Traffic] = [:]
        var keys: [Key: KeyChange] = [:]
        /// Keys at their limit of which a lease has ended.
        var freed: Set<Key> = []
        /// The number of a queue's last lease on a job with a key.
        var turns: [String: Int64] = [:]
        /// How many jobs ceased to be ready without being leased, or lost their leases.
        var stops = 0
    }

    var entries = Entries()
    /// What was read of the tables, so that a group reads it once.
    var known = Known()
    private var isAttached = false

    struct Known {
        struct CountKey: Hashable {
            let queue: String
            let state: Job.State
        }

        var counts: [CountKey: [String: Int]] = [:]
        var settings: [String: QueueSetting] = [:]
        var queuesWithKeys: [String: Bool] = [:]
        var turns: [String: Int64] = [:]
        var keys = KnownKeys()
    }

    /// Begins a group.
    func begin(_ database: Database) {
        if !isAttached { attach(to: database) }
        isAttached = true
        entries = Entries()
        known = Known()
    }

    /// Forgets what was written since `entries` were as they are given.
    func goBack(to entries: Entries) {
        self.entries = entries
        known.settings = [:]
        known.queuesWithKeys = [:]
        known.keys = KnownKeys(stale: Set(entries.keys.keys))
    }

    /// How many jobs of a queue are in a state, by kind, with what isn't written yet.
    func counts(of state: Job.State, in queue: String, _ database: Database) throws -> [String: Int]
    {
        let key = Known.CountKey(queue: queue, state: state)
        var counts = try known.counts[key] ?? readCounts(key, database)
        known.counts[key] = counts
        for (cell, change) in entries.counts
        where cell.queue == queue && cell.state == state.rawValue {
            counts[cell.kind, default: 0] += change
        }
        return counts
    }

    private func readCounts(_ key: Known.CountKey, _ database: Database) throws -> [String: Int] {
        let rows = try DirectStatement(
            "SELECT kind, count FROM job_count WHERE queue = ? AND state = ? AND count > 0",
            database
        ).all([.text(key.queue), .text(key.state.rawValue)]) {
            ($0.text(0), Int($0.integer(1)))
        }
        return Dictionary(rows, uniquingKeysWith: +)
    }

    /// Whether a queue may have keys: a claim needn't look for any otherwise.
    func hasKeys(_ queue: String, _ database: Database) throws -> Bool {
        if let known = known.queuesWithKeys[queue], known { return true }
        if entries.keys.contains(where: { $0.key.queue == queue }) { return true }
        if let known = known.queuesWithKeys[queue] { return known }
        let hasKeys =
            try DirectStatement(
                "SELECT EXISTS (SELECT 1 FROM concurrency_key WHERE queue = ?)", database
            ).first([.text(queue)]) { $0.bool(0) } ?? false
        known.queuesWithKeys[queue] = hasKeys
        return hasKeys
    }
}
