internal import Foundation
public import SkepCore
internal import SkepHTTP
public import SkepQueue

extension GiteaTracker {
    /// Pull requests are closed by the issue's route as well, which needs the same scope as
    /// comments and labels do. There is no close reason: that is a comment and a label, before this.
    public func setOpen(_ isOpen: Bool, _ reference: IssueReference) async throws {
        let state = isOpen ? "open" : "closed"
        let subject = "issue \(reference)"
        do {
            let now = try await edit(reference, GiteaIssueEdit(state: state))
            guard now.isOpen == isOpen else {
                throw GiteaError.ignored(subject: subject, what: "set the state to \(state)")
            }
        } catch GiteaError.invalid(_, 412, let message) {
            // A merged pull request takes no state at all, the one it has included.
            let now = try await document(of: reference)
            guard now.isOpen != isOpen else { return }
            throw GiteaError.prevented(
                subject: subject, now.isPullRequest ? .merged : .openDependencies,
                message: message)
        }
    }

    /// Looks for the marker among this account's issues, as long as it is known which account that
    /// is, and else among all; ends at the first that has it.
    ///
    /// Labels are sent by their ids, and read back: they are dropped silently for accounts that may
    /// not write. The issue is open then all the same, and doing it again finds it.
    public func openIssue(_ new: NewIssue, marker: CommentMarker) async throws -> Issue {
        let look = { try await self.issue(with: marker, in: new.repository) }
        if let there = try await look() { return there.issue(in: new.repository) }

        var labels: [GiteaLabel] = []
        if !new.labels.isEmpty {
            labels = try await allLabels(new.repository).filter { new.labels.contains($0.name) }
        }
        let call = try GiteaCall.write(
            .post, new.repository.path + ["issues"],
            GiteaNewIssue(
                title: new.title, body: marker.marking(new.body),
                labels: labels.isEmpty ? nil : labels.map(\.id)),
            subject: "a new issue in \(new.repository)", in: .repository(new.repository),
            isRepeatable: false)
        let issue: GiteaIssue
        switch try await writeOnce(call, as: GiteaIssue.self, look: look) {
        case .done(let made):
            learn(made.author)
            issue = made
        case .wasThere(let found): issue = found
        }
        // Of one exclusive scope only one can be there.
        guard labels.isEmpty || labels.contains(where: { issue.labels.contains($0.name) }) else {
            throw GiteaError.ignored(
                subject: "issue \(new.repository)#\(issue.number)", what: "put the labels")
        }
        return issue.issue(in: new.repository)
    }

    private func issue(
        with marker: CommentMarker, in repository: RepositoryName
    ) async throws -> GiteaIssue? {
        let login = provenLogin
        let isMeant = { (issue: GiteaIssue) in
            marker.isIn(issue.body) && (login == nil || issue.author == login)
        }
        var query = [(name: "type", value: "issues"), ("state", "all")]
        if let login { query.append(("created_by", login.rawValue)) }
        let found: [GiteaIssue] = try await api.list(
            .get(
                repository.path + ["issues"], query: query, subject: "repository \(repository)",
                in: .repository(repository)),
            until: { $0.contains(where: isMeant) })
        return found.first(where: isMeant)
    }

    /// Sends a change and answers with the issue as it is then, which may lack what was asked for.
    func edit(_ reference: IssueReference, _ edit: GiteaIssueEdit) async throws -> GiteaIssue {
        try await api.value(
            .write(
                .patch, reference.path, edit, subject: "issue \(reference)", in: .issue(reference),
                isRepeatable: true))
    }
}

// What the port has no words for.
extension GiteaTracker {
    /// Sets who is assigned, all of them; none takes everybody away.
    ///
    /// - Throws: `GiteaError.ignored` when the tracker answers well but didn't do it.
    public func setAssignees(_ logins: [LoginName], on issue: IssueReference) async throws {
        let now = try await edit(issue, GiteaIssueEdit(assignees: logins.map(\.rawValue)))
        guard Set(now.assignees) == Set(logins) else {
            throw GiteaError.ignored(subject: "issue \(issue)", what: "set the assignees")
        }
    }

    /// Sets an issue's milestone, or takes it away.
    ///
    /// - Throws: `GiteaError.ignored` when the tracker answers well but didn't do it.
    public func setMilestone(_ milestone: GiteaMilestone?, on issue: IssueReference) async throws {
        let now = try await edit(issue, GiteaIssueEdit(milestone: milestone?.id ?? 0))
        guard now.milestone?.id == milestone?.id else {
            throw GiteaError.ignored(subject: "issue \(issue)", what: "set the milestone")
        }
    }

    public func milestones(
        in repository: RepositoryName, state: IssueFilter.State = .open
    ) async throws -> [GiteaMilestone] {
        try await api.list(
            .get(
                repository.path + ["milestones"], query: [("state", state.rawValue)],
                subject: "repository \(repository)", in: .repository(repository)))
    }

    /// Creates a milestone, unless one with that title is there, open or closed.
    public func createMilestone(
        _ title: String, description: String = "", in repository: RepositoryName
    ) async throws -> GiteaMilestone {
        let look = {
            try await self.milestones(in: repository, state: .all).first { $0.title == title }
        }
        if let there = try await look() { return there }
        let call = try GiteaCall.write(
            .post, repository.path + ["milestones"],
            GiteaNewMilestone(title: title, description: description),
            subject: "milestone \"\(title)\" of \(repository)", isRepeatable: false)
        switch try await writeOnce(call, as: GiteaMilestone.self, look: look) {
        case .done(let milestone), .wasThere(let milestone): return milestone
        }
    }

    /// Locks the discussion of an issue or pull request, or unlocks it.
    ///
    /// - Throws: `GiteaError.unsupported` by trackers that have no such route.
    public func setLocked(
        _ isLocked: Bool, reason: String? = nil, on issue: IssueReference
    ) async throws {
        let unsupported = GiteaError.unsupported(what: "locking", subject: "issue \(issue)")
        let repository = issue.repository
        guard !capabilities.lacks(.locks, repository, at: api.clock.uptime) else {
            throw unsupported
        }
        do {
            _ = try await api.send(
                .write(
                    isLocked ? .put : .delete, issue.path + ["lock"],
                    isLocked ? GiteaLock(reason: reason) : nil, subject: "issue \(issue)",
                    isRepeatable: true))
        } catch let error as GiteaError where error.isMissingRoute {
            // It may as well be the issue that is missing.
            _ = try await document(of: issue)
            capabilities.note(lacking: .locks, repository, at: api.clock.uptime)
            throw unsupported
        }
    }

    /// What happened on an issue or pull request, oldest first.
    public func timeline(
        of issue: IssueReference, since: Timestamp? = nil
    ) async throws -> [GiteaTimelineEntry] {
        var query: [(name: String, value: String)] = []
        if let since { query.append(("since", GiteaTime.text(since))) }
        let found: [GiteaTimelineEntry] = try await api.list(
            .get(
                issue.path + ["timeline"], query: query, subject: "issue \(issue)",
                in: .issue(issue)),
            isTotalOfPage: true)
        var seen: Set<Int64> = []
        return found.filter { seen.insert($0.id).inserted }
    }

    /// An issue's text, to be changed and put back with `replaceText`.
    public func text(of issue: IssueReference) async throws -> GiteaIssueText {
        try await document(of: issue).text
    }

    /// Replaces an issue's text if nobody else did since it was read. An empty title leaves the old.
    ///
    /// Gitea from 1.26 compares its count of edits itself. Others are asked for the issue right
    /// before, so that only what happens in that moment is missed. (Forgejo's `updated_at` in edits
    /// isn't a condition: it sets the time, and is for administrators only.)
    ///
    /// - Throws: `GiteaError.prevented` when somebody changed it.
    public func replaceText(
        of issue: IssueReference, title: String? = nil, body: String, expecting old: GiteaIssueText
    ) async throws -> GiteaIssueText {
        let subject = "issue \(issue)"
        if old.version == nil {
            let now = try await text(of: issue)
            guard now.title == old.title, now.body == old.body else {
                throw GiteaError.prevented(subject: subject, .textChanged, message: "")
            }
        }
        do {
            let edit = GiteaIssueEdit(title: title, body: body, contentVersion: old.version)
            let now = try await self.edit(issue, edit)
            guard now.body == body else {
                throw GiteaError.ignored(subject: subject, what: "replace the text")
            }
            return now.text
        } catch GiteaError.conflict(_, let message) {
            throw GiteaError.prevented(subject: subject, .textChanged, message: message)
        }
    }
}

extension GiteaIssue {
    fileprivate var text: GiteaIssueText {
        GiteaIssueText(title: title, body: body, version: contentVersion, updatedAt: updatedAt)
    }
}
