import ArgumentParser
import SkepCore
import SkepQueue

/// What both commands that run agents take.
struct WorkerOptions: ParsableArguments {
    @Flag(help: "As root, run agents as root where the agents' user is missing or is root.")
    var allowRoot = false
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at the tracker and do the work, until stopped",
        discussion: """
            Stop it with Ctrl-C or SIGTERM: agents at work are ended and their jobs wait for the \
            next start. "skep restart" lets agents work on meanwhile. One "skep serve" works on a \
            state folder; "skep work" adds workers beside it.

            Example: skep serve --state /srv/skep
            """)

    @OptionGroup var options: WorkerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let service = try await Service(common, options)
        let end = try await service.run(coordinating: true)
        if end == .restart { throw SelfProgram.current().execute() }
    }
}

struct Work: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Do the work that is queued, without looking at the tracker",
        discussion: """
            Adds a worker beside "skep serve", on the same machine and state folder.

            Example: skep work
            """)

    @OptionGroup var options: WorkerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let service = try await Service(common, options)
        let end = try await service.run(coordinating: false)
        if end == .restart { throw SelfProgram.current().execute() }
    }
}
