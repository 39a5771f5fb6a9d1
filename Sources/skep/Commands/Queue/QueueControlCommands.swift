import ArgumentParser
import SkepCore
import SkepEngine
import SkepQueue
import SkepQueueSQLite

/// The name of a queue that is there.
struct QueueArgument: ParsableArguments {
    @Argument(help: "The queue's name.")
    var queue: String

    func name(in store: SQLiteQueueStore) async throws -> QueueName {
        try await store.queue(named: queue)
    }
}

extension SQLiteQueueStore {
    /// - Throws: `ProgramError` when no job ever was in such a queue: most likely a mistyped name.
    func queue(named text: String) async throws -> QueueName {
        let names = try await status().map(\.queue)
        let name = QueueName(rawValue: text)
        guard names.contains(name) else {
            throw ProgramError(
                .conflict, "There is no queue \"\(text)\".",
                advice: names.isEmpty
                    ? "None has had a job yet." : TimeText.thereAre(names.map { "\"\($0)\"" }))
        }
        return name
    }
}

extension Console {
    /// Says what was done to a queue, and has programs see how it stands now.
    fileprivate func show(
        _ queue: QueueName, in store: SQLiteQueueStore, saying sentence: String
    ) async throws {
        say(sentence)
        guard isJSON, let status = try await store.status().first(where: { $0.queue == queue })
        else { return }
        show(status.json)
    }
}

struct QueuePause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Let no job of a queue begin until it is resumed",
        discussion: """
            What runs goes on; "skep queue drain" waits for it.

            Example: skep queue pause steps
            """)

    @OptionGroup var argument: QueueArgument
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let queue = try await argument.name(in: store)
        try await store.pause(queue)
        try await common.console().show(
            queue, in: store,
            saying: "Queue \"\(queue)\" is paused; \"skep queue resume \(queue)\" ends that.")
    }
}

struct QueueResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let a paused queue go on",
        discussion: "Example: skep queue resume steps")

    @OptionGroup var argument: QueueArgument
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let queue = try await argument.name(in: store)
        try await store.resume(queue)
        try await common.console().show(
            queue, in: store, saying: "Queue \"\(queue)\" goes on.")
    }
}

struct QueueDrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Pause a queue, and wait until nothing of it runs",
        discussion: """
            The queue stays paused afterwards, also when the waiting is broken off.

            Example: skep queue drain steps
            """)

    @OptionGroup var argument: QueueArgument
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let queue = try await argument.name(in: store)
        let console = common.console()
        try await store.pause(queue)
        console.say("Queue \"\(queue)\" is paused. Waiting until nothing of it runs.")
        try await store.waitUntilNothingRuns(in: queue) { count in
            console.note("\(Phrase.count(count, "job runs", "jobs run")) still.")
        }
        try await console.show(
            queue, in: store,
            saying: "Nothing of queue \"\(queue)\" runs; \"skep queue resume \(queue)\" lets it "
                + "go on.")
    }
}

extension SQLiteQueueStore {
    /// - Parameter tell: Called with how many jobs run, each time that changes.
    fileprivate func waitUntilNothingRuns(
        in queue: QueueName, _ tell: (Int) -> Void
    ) async throws {
        let clock = SystemClock()
        var told = 0
        while true {
            // Jobs whose worker has died don't run; perhaps nobody else is there to find that out.
            _ = try await sweep()
            let status = try await status().first { $0.queue == queue }
            guard let running = status?.counts[.leased], running > 0 else { return }
            if running != told { tell(running) }
            told = running
            try await clock.sleep(for: .milliseconds(200))
        }
    }
}

struct QueueLimit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit", abstract: "Set how many jobs of a queue or a key may run at once",
        discussion: """
            It holds at once, in all processes, and stays. The limits of agents come from their \
            files, and are set again when "skep serve" starts.

            Example: skep queue limit steps 4
            Example: skep queue limit steps none --key mail
            """)

    @OptionGroup var argument: QueueArgument
    @Argument(help: "How many, or \"none\".")
    var limit: String
    @Option(help: ArgumentHelp("Of this concurrency key in the queue.", valueName: "key"))
    var key: String?
    @OptionGroup var common: CommonOptions

    private var count: Int? { limit == "none" ? nil : Int(limit) }

    func validate() throws {
        guard limit == "none" || count ?? -1 >= 0 else {
            throw ValidationError("\"\(limit)\" is neither a number of jobs nor \"none\"")
        }
    }

    func run() async throws {
        let store = try await common.stateFolder().openQueue()
        let queue = try await argument.name(in: store)
        if let key {
            try await store.setLimit(count, of: ConcurrencyKey(rawValue: key), in: queue)
        } else {
            try await store.setLimit(count, of: queue)
        }
        let what = key.map { "Key \"\($0)\" of queue \"\(queue)\"" } ?? "Queue \"\(queue)\""
        try await common.console().show(
            queue, in: store,
            saying: count.map { "\(what) runs at most \(Phrase.count($0, "job")) at once." }
                ?? "\(what) has no limit.")
    }
}

struct QueueRate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rate", abstract: "Set how many jobs of a queue or a key may begin in a time",
        discussion: """
            Such as 10/s, 100/m, 5000/h or 20/30s. After a quiet time as many may begin at once, \
            unless --burst says how many. It holds at once, in all processes, and stays.

            Example: skep queue rate mail 100/m --burst 10
            Example: skep queue rate mail none
            """)

    @OptionGroup var argument: QueueArgument
    @Argument(help: "How many in what time, or \"none\".")
    var rate: String
    @Option(help: ArgumentHelp("How many may begin at once.", valueName: "count"))
    var burst: Int?
    @Option(help: ArgumentHelp("Of this concurrency key in the queue.", valueName: "key"))
    var key: String?
    @OptionGroup var common: CommonOptions

    private func limit() throws -> RateLimit? {
        rate == "none" ? nil : try RateText.rate(rate, burst: burst)
    }

    func validate() throws { _ = try limit() }

    func run() async throws {
        let limit = try limit()
        let store = try await common.stateFolder().openQueue()
        let queue = try await argument.name(in: store)
        if let key {
            try await store.setRate(limit, of: ConcurrencyKey(rawValue: key), in: queue)
        } else {
            try await store.setRate(limit, of: queue)
        }
        let what = key.map { "Key \"\($0)\" of queue \"\(queue)\"" } ?? "Queue \"\(queue)\""
        try await common.console().show(
            queue, in: store,
            saying: limit.map { "\(what) begins at most \(RateText.text($0))." }
                ?? "\(what) has no rate.")
    }
}

/// Rates as they are written: "10/s", "20/30s".
enum RateText {
    static func rate(_ text: String, burst: Int?) throws -> RateLimit {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard parts.count == 2, let count = Int(parts[0]), count > 0, let last = parts[1].last,
            let unit = units[last],
            let number = parts[1].count == 1 ? 1 : Int(parts[1].dropLast()), number > 0,
            number <= 366 * 86_400
        else {
            throw ValidationError("\"\(text)\" isn't a rate such as 10/s, 100/m or 20/30s")
        }
        guard burst ?? 1 >= 1 else { throw ValidationError("--burst must be 1 or more") }
        return RateLimit(count, per: .seconds(number * unit), burst: burst)
    }

    /// "100/m", and the burst where it isn't the count.
    static func text(_ rate: RateLimit) -> String { rate.words }
}
