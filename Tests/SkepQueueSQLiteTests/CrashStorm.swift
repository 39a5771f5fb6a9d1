import Foundation
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport

/// Processes that enqueue, work and tick on one file, killed and stopped at random moments.
///
/// After each kill the file is checked, and what the dead process was told is compared with what is
/// there; at the end, when all jobs are finished, what all of them have written down.
final class CrashStorm {
    enum Role: String, CaseIterable {
        case producer, worker, scheduler, mixed
        /// A worker with leases of a second, which is stopped now and then.
        case stoppable
    }

    struct Settings {
        /// How many processes are killed, beside those that poison jobs kill. 24 by default.
        var kills = 24
        /// What is drawn: who is killed and when. What the processes make of it is up to them.
        var seed = UInt64.random(in: .min ... .max)
        /// Whether the folder stays for looking at when something is wrong.
        var keepsFolder = false

        /// - Parameter environment: `SKEP_SOAK_KILLS`, also makes the folder stay;
        ///   `SKEP_SOAK_SEED`.
        init(_ environment: [String: String]) {
            if let kills = environment["SKEP_SOAK_KILLS"].flatMap({ Int($0) }) {
                self.kills = kills
                keepsFolder = true
            }
            if let seed = environment["SKEP_SOAK_SEED"].flatMap({ UInt64($0) }) { self.seed = seed }
        }
    }

    private struct Player {
        var life: CrashLife
        let journal: String
        let child: CrashChild
        /// Until when it is stopped.
        var resumesAt: Int64?
    }

    static let cast: [Role] = [
        .producer, .worker, .worker, .stoppable, .scheduler, .scheduler, .mixed,
    ]
    /// How many jobs of a key may run at once, and how many may have a permit.
    static let limit = 2
    static let keys: [ConcurrencyKey] = ["key-0", "key-1"]
    static let schedules = (0..<4).map { number in
        Schedule(
            ScheduleName(rawValue: "tick-\(number)"),
            .every(.seconds(1), since: Timestamp(milliseconds: Int64(number) * 250)), kind: "tick",
            payload: Array("tick-\(number)".utf8), maxFailures: 1000,
            missed: .runAll(limit: 100), overlap: .allow)
    }
    /// One whose jobs take longer than it is to its next tick.
    static let slowSchedule = Schedule(
        "slow", .every(.seconds(1), since: Timestamp(milliseconds: 0)), kind: "slow",
        maxFailures: 1000, overlap: .queueOne)
    /// How long a stoppable worker is stopped, in microseconds: past its leases.
    private static let stopLength: Int64 = 1_600_000

    let settings: Settings
    let folder: String
    let store: SQLiteQueueStore
    var history = CrashHistory()
    var summary: CrashSummary
    private var random: SeededGenerator
    private var players: [Player] = []

    init(_ settings: Settings) async throws {
        self.settings = settings
        random = SeededGenerator(seed: settings.seed)
        summary = CrashSummary(seed: settings.seed)
        folder = "/tmp/skep-soak-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        store = try await SQLiteQueueStore(path: folder + "/q.sqlite", runFolder: folder + "/run")
    }

    /// - Returns: What happened, and what was wrong. Nothing runs any more, and nothing is left but
    ///   a folder that is to be kept.
    func run() async -> CrashSummary {
        let begin = Self.uptime
        do {
            try await prepare()
            for role in Self.cast { try start(role) }
            while summary.killed < settings.kills, summary.problems.isEmpty {
                try await strike()
            }
            try await finishTicks()
            try await drain()
        } catch {
            summary.problems.append("The storm ended early: \(error)")
        }
        while !players.isEmpty { await end(0) }
        await checkAtEnd()
        await store.close()
        summary.length = .microseconds(Self.uptime - begin)
        if settings.keepsFolder, !summary.problems.isEmpty {
            summary.folder = folder
        } else {
            try? FileManager.default.removeItem(atPath: folder)
        }
        return summary
    }

    private func prepare() async throws {
        for key in Self.keys { try await store.setLimit(Self.limit, of: key, in: "default") }
        try await store.setSchedules(Self.schedules + [Self.slowSchedule], of: "storm")
    }

    // MARK: Processes

    private func start(_ role: Role) throws {
        let journal = "\(folder)/journal-\(history.lives.count + players.count)-\(role)"
        let child = try CrashChild(
            ["\(folder)/q.sqlite", "\(folder)/run", journal, role.rawValue],
            errors: journal + ".errors")
        players.append(Player(life: CrashLife(role: role), journal: journal, child: child))
    }

    /// Kills a process and reads its journal.
    private func end(_ index: Int) async {
        var player = players.remove(at: index)
        if player.child.isAlive { player.life.diedAt = Self.uptime }
        await player.child.kill()
        let journal = (try? String(contentsOfFile: player.journal, encoding: .utf8)) ?? ""
        history.read(journal, of: player.life)
    }

    private func strike() async throws {
        try await letPlay(untilGrownBy: Int.random(in: 0..<4000, using: &random))
        if Int.random(in: 0..<20, using: &random) == 0 { try await poison() }
        let index = Int.random(in: players.indices, using: &random)
        guard players[index].resumesAt == nil else { return }
        if players[index].life.role == .stoppable, Bool.random(using: &random) {
            return try await stop(index)
        }
        let role = players[index].life.role
        await end(index)
        summary.kills[role, default: 0] += 1
        try await check()
        try start(role)
    }

    /// Lets them all go on until what they write down has grown by so many bytes.
    private func letPlay(untilGrownBy growth: Int) async throws {
        let before = journalLengths()
        try await eventually("the journals grow by \(growth) bytes") {
            try await tendPlayers()
            return journalLengths().map { $1 - (before[$0] ?? 0) }.reduce(0, +) >= growth
        }
    }

    private func journalLengths() -> [String: Int] {
        let lengths = players.map { player in
            let facts = try? FileManager.default.attributesOfItem(atPath: player.journal)
            return (player.journal, facts?[.size] as? Int ?? 0)
        }
        return Dictionary(uniqueKeysWithValues: lengths)
    }

    /// Lets the stopped go on when it is time, and replaces those whom a poison job has killed.
    private func tendPlayers() async throws {
        for index in players.indices {
            guard let time = players[index].resumesAt, time <= Self.uptime else { continue }
            players[index].resumesAt = nil
            players[index].child.goOn()
        }
        while let index = players.firstIndex(where: { !$0.child.isAlive }) {
            let player = players[index]
            let poisoned = history.poisonings
            await end(index)
            guard history.poisonings > poisoned else {
                throw EndedByItself(role: player.life.role, lastWords: player.child.lastWords)
            }
            try start(player.life.role)
        }
    }

    /// Stops a worker in a transaction of this process, so outside of any write of its own.
    private func stop(_ index: Int) async throws {
        let id = players[index].child.processID
        let time = Self.uptime
        let hasStopped = try await store.write { _ in
            Foundation.kill(id, SIGSTOP)
            // Its threads go on for a moment, until they all have noticed; a poison job may have
            // killed it meanwhile.
            var state = siginfo_t()
            var result: Int32
            repeat {
                result = waitid(P_PID, id_t(id), &state, WSTOPPED | WEXITED | WNOWAIT)
            } while result != 0 && errno == EINTR
            return result == 0 && state.si_code == CLD_STOPPED
        }
        guard hasStopped else { return }
        players[index].life.stoppedAt = min(players[index].life.stoppedAt ?? .max, time)
        players[index].resumesAt = Self.uptime + Self.stopLength
        summary.stops += 1
    }

    private func poison() async throws {
        let job = NewJob("poison", priority: 1, maxFailures: 2)
        summary.poison.append(try await store.enqueue([job])[0].id)
    }

    /// Stops the schedules, with all ticks done that have come: at least one of each.
    private func finishTicks() async throws {
        try await eventually("each schedule has ticked") {
            try await tendPlayers()
            return try await store.schedules().allSatisfy { $0.lastJob != nil }
        }
        let now = SystemClock().now
        _ = try await store.tick()
        try await checkTicks(at: now)
        try await store.setSchedules([], of: "storm")
    }

    /// Lets the workers finish everything.
    private func drain() async throws {
        for index in players.indices.reversed()
        where [.producer, .mixed].contains(players[index].life.role) { await end(index) }
        try await eventually("all jobs are finished") {
            try await tendPlayers()
            for id in try await unansweredJobs() {
                try await store.send(EventKey("go", for: id), payload: [])
            }
            return try await store.status().allSatisfy { status in
                status.counts.allSatisfy { $0.key.isFinished || $0.value == 0 }
            }
        }
    }

    /// Microseconds, as the journals have it.
    static var uptime: Int64 {
        let (seconds, attoseconds) = SystemClock().uptime.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}

private struct EndedByItself: Error, CustomStringConvertible {
    let role: CrashStorm.Role
    let lastWords: String
    var description: String { "A \(role) ended by itself, \(lastWords)" }
}
