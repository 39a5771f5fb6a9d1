import ArgumentParser

/// The program `skep`: reads the command line, and tells errors.
@main
struct Skep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skep",
        abstract: "A home for a swarm of coding agents",
        discussion: """
            Skep reads issues from a tracker, has named agents work on them, each on a branch of its \
            own, and opens pull requests.

            Begin with:
              skep init
              skep check
              skep serve

            Shell completions: skep --generate-completion-script bash
            """,
        version: SkepVersion.current,
        subcommands: [ApplyPatch.self],
        groupedSubcommands: [
            CommandGroup(
                name: "The house",
                subcommands: [
                    Init.self, Check.self, Serve.self, Work.self, Restart.self, Status.self,
                    WhyCommand.self, EventsCommand.self, Demo.self,
                ]),
            CommandGroup(
                name: "Work",
                subcommands: [
                    DispatchCommand.self, BurndownCommand.self, RetireCommand.self,
                    ScheduleCommand.self, RunCommand.self, BranchCommand.self,
                ]),
            CommandGroup(name: "Queue", subcommands: [QueueCommand.self]),
            CommandGroup(
                name: "Parts",
                subcommands: [AgentCommand.self, WorkflowCommand.self]),
            CommandGroup(
                name: "Tracker", subcommands: [ForgeCommand.self]),
        ])

    static func main() async {
        BrokenPipes.areErrors()
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Exit.end(
                with: error, of: arguments, environment: Surroundings.current().environment)
        }
    }
}

enum SkepVersion {
    static let current = "0.1.0"
}
