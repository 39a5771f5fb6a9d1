import SkepQueue
import SkepQueueSQLite

struct Greet: JobPayload {
    static let kind: JobKind = "greet"
    typealias Output = String

    var name: String
}

@main
struct Greetings {
    static func main() async throws {
        let queue = JobQueue(store: try await SQLiteQueueStore(folder: "jobs"))
        var handlers = JobHandlers()
        handlers.handle(Greet.self) { greet, _ in "Hello, \(greet.name)!" }
        async let _: Void = queue.work(handlers, slots: 4)
        print(try await queue.enqueue(Greet(name: "Ada")).output(within: .seconds(60)))
    }
}
