internal import SkepCore
internal import SkepQueue

/// Runs commands that must pass at exactly the run's head, in a fresh workspace.
struct CommandsStep: Step {
    static let kind: StepKind = "commands"

    static func read(_ reader: SettingsReader) -> StepSettings {
        let commands = reader.texts("run") ?? []
        if commands.isEmpty {
            reader.mistake(
                "a step of kind commands needs \"run\": the commands that must pass",
                at: reader.location)
        }
        return StepSettings(
            commands: commands, environment: reader.texts("environment") ?? ["PATH", "LANG"],
            limits: SessionLimits(reader.map("limits", of: "limits")))
    }

    func run(_ context: StepContext) async throws -> StepOutcome {
        guard let head = context.run.head else {
            return StepOutcome(.fail(Failure(kind: "defect", message: "there is nothing to check")))
        }
        let request = WorkspaceRequest(
            run: context.run.id, repository: context.run.issue.repository, base: head,
            branch: context.run.branch, author: context.agent.definition.author,
            keepsIgnored: context.workflow.keepsIgnored)
        return try await context.parts.workspaces.withWorkspace(request) { workspace in
            try await check(head, in: workspace, context)
        }
    }

    /// Stops at the first command that fails.
    private func check(_ head: CommitID, in workspace: Workspace, _ context: StepContext)
        async throws -> StepOutcome
    {
        var checks: [CheckResult] = []
        for command in context.definition.commands {
            let result = try await context.parts.commands.run(
                command, in: workspace, for: context.lease.token,
                environment: context.definition.environment, limits: context.definition.limits)
            switch result.ending {
            case .lost, .stopped, .startFailed:
                // It says nothing about the commit.
                let message = "`\(command)`: \(result.ending)"
                return StepOutcome(.retry(Failure(kind: "check_lost", message: message)))
            case .exited, .signalled, .timedOut, .outputLimit, .silent: break
            }
            checks.append(
                CheckResult(
                    commit: head, command: command, hasPassed: result.succeeded,
                    ending: "\(result.ending)", duration: result.duration))
            guard result.succeeded else {
                let detail = "`\(command)` at commit \(head.short): \(result.ending)"
                var outcome = StepOutcome(
                    .sentBack(
                        outcome: "failed", findings: "\(detail)\n\n\(result.tail)", detail: detail))
                outcome.checks = checks
                outcome.tail = "$ \(command)\n\(result.tail)"
                return outcome
            }
        }
        var outcome = StepOutcome(.done)
        outcome.checks = checks
        return outcome
    }
}
