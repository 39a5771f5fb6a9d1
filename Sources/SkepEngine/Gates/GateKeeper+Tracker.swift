public import SkepCore
internal import SkepQueue

extension GateKeeper {
    /// Whether a person may ask for work in a repository: whoever may write to it, and whoever the
    /// operator named. One that can't be looked up may not.
    ///
    /// - Throws: What the tracker throws when it is out of reach.
    public func mayAsk(_ login: LoginName, in repository: RepositoryName) async throws -> Bool {
        try await mayAsk(login, in: repository, TrackerAnswers())
    }

    func mayAsk(_ login: LoginName, in repository: RepositoryName, _ answers: TrackerAnswers)
        async throws -> Bool
    {
        if parts.dispatch.allowedUsers.contains(login) { return true }
        let asker = TrackerAnswers.Asker(login: login, repository: repository)
        if let known = answers.permission(asker) { return known }
        var isPermitted = false
        do {
            isPermitted = try await parts.tracker.canWrite(login, to: repository)
        } catch let error as any SkepError where !error.mayPass {
            // This account may not ask, or there is no such user: nobody is let in by that.
        }
        answers.keep(isPermitted, of: asker, at: parts.clock.uptime)
        return isPermitted
    }

    func permissionGates(_ demand: TriggerDemand, _ answers: TrackerAnswers) async throws
        -> [ShutGate]
    {
        guard let login = demand.askedBy else { return [] }
        let repository = demand.trigger.issue.repository
        do {
            guard try await !mayAsk(login, in: repository, answers) else { return [] }
        } catch let error as any SkepError where error.mayPass {
            return [Self.trackerGate("whether \(login) may ask", error)]
        }
        return [
            ShutGate(
                .permission, what: "\(login) asked, who may not write to \(repository).",
                opens: "when \(login) may write to \(repository), or stands in "
                    + "dispatch.allowed_users")
        ]
    }

    func dependencyGates(_ issue: IssueReference, _ answers: TrackerAnswers) async throws
        -> [ShutGate]
    {
        do {
            return try await openDependencies(of: issue, answers).map {
                ShutGate(
                    .dependencies, what: "It depends on \($0), which is open.",
                    opens: "when \($0) is closed")
            }
        } catch let error as any SkepError where error.kind == .conflict {
            // The issue is gone; whoever looks at it next finds that out.
            return []
        } catch let error as any SkepError {
            return [Self.trackerGate("for the dependencies of \(issue)", error)]
        }
    }

    private func openDependencies(of issue: IssueReference, _ answers: TrackerAnswers)
        async throws -> [IssueReference]
    {
        if let known = answers.dependencies(of: issue) { return known }
        let open = try await parts.tracker.dependencies(of: issue)
            .filter(\.isOpen).map(\.reference).sorted()
        answers.keep(open, of: issue, at: parts.clock.uptime)
        return open
    }

    private static func trackerGate(_ question: String, _ error: any SkepError) -> ShutGate {
        ShutGate(
            .tracker, what: "The tracker can't be asked \(question): \(error.what)",
            opens: "when it answers")
    }
}
