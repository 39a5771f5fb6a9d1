import ArgumentParser

/// `skep queue …`: the jobs, whatever they do.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Look at the queue and its jobs, and steer them",
        discussion: """
            The numbers of jobs stand in "skep queue list" and in the log of a run.

            Example: skep queue show 1042
            """,
        groupedSubcommands: [
            CommandGroup(
                name: "Look",
                subcommands: [
                    QueueStatusCommand.self, QueueList.self, QueueDead.self, QueueShow.self,
                    QueueWorkers.self,
                ]),
            CommandGroup(
                name: "Steer jobs",
                subcommands: [
                    QueueRetry.self, QueueCancel.self, QueueHold.self, QueueLetGo.self,
                    QueuePriority.self, QueueSend.self,
                ]),
            CommandGroup(
                name: "Steer queues",
                subcommands: [
                    QueuePause.self, QueueResume.self, QueueDrain.self, QueueLimit.self,
                    QueueRate.self,
                ]),
            CommandGroup(
                name: "Keep",
                subcommands: [
                    QueuePrune.self, QueueBackup.self, QueueCheck.self, QueueBench.self,
                ]),
        ])
}
