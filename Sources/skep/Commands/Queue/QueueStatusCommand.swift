import ArgumentParser
import SkepCore
import SkepEngine
import SkepQueue
import SkepQueueSQLite

struct QueueStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show how many jobs stand where, and how fast they go",
        discussion: """
            With --watch the picture stays on the terminal and follows what happens; q ends it.

            Example: skep queue status --watch
            """)

    @Flag(name: .shortAndLong, help: "Keep it on the terminal, as it changes.")
    var watch = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard !watch || !common.json else {
            throw ValidationError(
                "--watch is for people; programs ask for \"skep queue status --json\" again")
        }
    }

    func run() async throws {
        let queue = try await common.stateFolder().openQueue()
        let console = common.console()
        let clock = SystemClock()
        // Without agents to compare with, because a file has a mistake, all keys are shown.
        let agents = (try? House.read(common.layers()))?.agents.map(\.definition.concurrencyKey)
        if watch {
            let reader = QueueReader(queue: queue, agents: agents.map(Set.init))
            return try await LiveView(
                console: console, clock: clock, read: { try await reader.read(at: clock.now) },
                frame: { picture, scene in
                    QueueFrame(picture: picture, scene: scene).lines()
                }
            ).run()
        }
        let statuses = try await queue.status()
        if console.isJSON { return console.show(.list(statuses.map(\.json))) }
        guard !statuses.isEmpty else { return console.note("The queue has never had a job.") }
        console.show(statuses.table(clock.now))
        let keys = statuses.keyTable(agents: agents.map(Set.init))
        if !keys.isEmpty {
            console.output.line("")
            console.show(keys)
        }
        let picture = QueuePicture(statuses: statuses, workers: try await queue.workers())
        picture.unknownKindSentences.forEach(console.note)
    }
}

struct QueueWorkers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "List who takes jobs, and who holds locks",
        discussion: "Example: skep queue workers")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let queue = try await common.stateFolder().openQueue()
        let workers = try await queue.workers()
        let semaphores = try await queue.semaphores()
        let console = common.console()
        if console.isJSON {
            return console.show(
                .object([
                    "workers": .list(workers.map(\.json)),
                    "semaphores": .list(semaphores.map(\.json)),
                ]))
        }
        guard !workers.isEmpty || !semaphores.isEmpty else {
            return console.note("No worker has registered; \"skep serve\" is one.")
        }
        console.show(workers.table(SystemClock().now))
        if !semaphores.isEmpty {
            console.heading("Locks")
            console.show(semaphores.table)
        }
    }
}
