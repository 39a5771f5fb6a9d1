internal import SkepCore
internal import SkepQueue

/// Runs commands that must pass at exactly the run's head, in a fresh workspace.
struct CommandsStep: Step {
    static let kind: StepKind = "commands"
    static let outcomes = ["failed"]

    static func read(_ reader: SettingsReader) -> StepSettings {
        var settings = StepSettings()
        settings.commands = reader.texts("run") ?? []
        if settings.commands.isEmpty {
            reader.mistake(
                "a step of kind commands needs \"run\": the commands that must pass",
                at: reader.location)
        }
        settings.environment = reader.variables("environment") ?? settings.environment
        settings.sandbox = SandboxPolicy(reader)
        settings.limits = SessionLimits(reader.map("limits", of: "limits"))
        settings.testReports = reader.texts("junit") ?? []
        for pattern in settings.testReports where PathPattern(pattern) == nil {
            reader.mistake(
                "\"junit\" holds paths below the working tree, not \"\(pattern)\"",
                at: reader.location(of: "junit", pattern))
        }
        return settings
    }

    func run(_ context: StepContext) async throws -> StepOutcome {
        guard let head = context.run.head else {
            return StepOutcome(.fail(Failure(kind: "defect", message: "there is nothing to check")))
        }
        let request = WorkspaceRequest(
            run: context.run.id, repository: context.run.issue.repository, base: head,
            branch: context.run.branch, author: context.agent.definition.author,
            keepsIgnored: context.workflow.keepsIgnored, keeps: context.keptFolders)
        return try await context.parts.workspaces.withWorkspace(request) { workspace in
            if let failed = try await SetUp(context)?.makeReady(workspace) { return failed }
            return try await check(head, in: workspace, context)
        }
    }

    /// Stops at the first command that fails.
    private func check(_ head: CommitID, in workspace: Workspace, _ context: StepContext)
        async throws -> StepOutcome
    {
        var environment = CommandEnvironment()
        if let setUp = SetUp(context) { environment = try await setUp.environment() }
        environment.names = context.definition.environment
        environment.sandbox = context.definition.sandbox
        var checks: [CheckResult] = []
        var notes: [String] = []
        for command in context.definition.commands {
            let reports = await TestReports.before(context.definition.testReports, in: workspace)
            let result = try await context.parts.commands.run(
                command, in: workspace, for: context.lease.token,
                environment: environment,
                limits: context.definition.limits)
            switch result.ending {
            case .lost, .stopped, .startFailed:
                // It says nothing about the commit.
                let message = "`\(command)`: \(result.ending)"
                return StepOutcome(.retry(Failure(kind: "check_lost", message: message)))
            case .exited, .signalled, .timedOut, .outputLimit, .silent, .overLimit: break
            }
            var tests = await reports.counts(after: result)
            // What it ran is the agent's, and so are the names of its tests.
            let screen = result.succeeded ? .none : try await context.secretScreen()
            let names = tests.counts?.failedNames.map { screen.redacted($0) }
            tests.counts?.failedNames = names ?? []
            notes += tests.notes
            checks.append(
                CheckResult(
                    commit: head, command: command, hasPassed: result.succeeded,
                    ending: "\(result.ending)", duration: result.duration, tests: tests.counts))
            guard result.succeeded else {
                let tail = screen.redacted(result.tail)
                var outcome = failed(command, result, tail: tail, tests.counts, at: head)
                outcome.checks = checks
                outcome.notes = notes
                return outcome
            }
        }
        var outcome = StepOutcome(.done)
        outcome.checks = checks
        outcome.notes = notes
        return outcome
    }

    private func failed(
        _ command: String, _ result: CommandResult, tail: String, _ tests: TestCounts?,
        at head: CommitID
    ) -> StepOutcome {
        var detail = "`\(command)` at commit \(head.short): \(result.ending)"
        if let tests { detail += " (\(tests))" }
        var findings = [detail]
        if let tests, !tests.failedNames.isEmpty {
            let more = tests.failed - tests.failedNames.count
            findings.append(
                "Failed tests:\n" + tests.failedNames.map { "- \($0)" }.joined(separator: "\n")
                    + (more > 0 ? "\n- and \(more) more" : ""))
        }
        findings.append(tail)
        var outcome = StepOutcome(
            .sentBack(
                outcome: "failed", findings: findings.joined(separator: "\n\n"), detail: detail))
        outcome.tail = "$ \(command)\n\(tail)"
        return outcome
    }
}
