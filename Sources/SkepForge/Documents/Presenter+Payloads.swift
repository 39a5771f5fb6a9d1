import GRDB

/// What hooks are sent, in the shapes of Gitea.
extension Presenter {
    /// Of an issue or a pull request; the latter's has more members.
    func issuePayload(
        _ action: String, _ issue: IssueRow, in repository: RepositoryRow, by actor: UserRow,
        changes: JSON? = nil, commit: String = "", reviewer: UserRow? = nil,
        review: (type: String, content: String)? = nil,
        push: (before: String, after: String)? = nil
    ) throws -> JSON {
        var members: [JSON.Member] = []
        func add(_ name: String, _ value: JSON) {
            members.append(JSON.Member(name: name, value: value))
        }
        add("action", .string(action))
        add("number", JSON(issue.number))
        if let changes { add("changes", changes) }
        if issue.isPull {
            add("pull_request", try storedPull(issue, in: repository))
            add("requested_reviewer", reviewer.map(user) ?? .null)
        } else {
            add("issue", try self.issue(issue, in: repository))
        }
        add("repository", try self.repository(repository))
        add("sender", user(actor))
        add("commit_id", .string(commit))
        if issue.isPull {
            add(
                "review",
                review.map {
                    ["type": .string($0.type), "content": .string($0.content)]
                } ?? .null)
            if let push {
                add("before", .string(push.before))
                add("after", .string(push.after))
            }
        }
        return .object(members)
    }

    func commentPayload(
        _ action: String, _ comment: CommentRow, of issue: IssueRow, in repository: RepositoryRow,
        by actor: UserRow, changes: JSON?
    ) throws -> JSON {
        var members: [JSON.Member] = [
            JSON.Member(name: "action", value: .string(action)),
            JSON.Member(name: "issue", value: try self.issue(issue, in: repository)),
        ]
        if issue.isPull {
            members.append(
                JSON.Member(
                    name: "pull_request", value: try storedPull(issue, in: repository)))
        }
        members.append(
            JSON.Member(
                name: "comment", value: try self.comment(comment, on: issue, in: repository)))
        if let changes { members.append(JSON.Member(name: "changes", value: changes)) }
        return .object(
            members + [
                JSON.Member(name: "repository", value: try self.repository(repository)),
                JSON.Member(name: "sender", value: user(actor)),
                JSON.Member(name: "is_pull", value: .bool(issue.isPull)),
            ])
    }

    func pushPayload(_ push: RefChange, in repository: RepositoryRow, by actor: UserRow) throws
        -> JSON
    {
        let commits = push.commits.prefix(RefChange.toldLimit)
            .map { payloadCommit($0, in: repository) }
        return [
            "ref": .string(push.name), "before": .string(push.before),
            "after": .string(push.after),
            "compare_url": .string(
                push.isNew || push.isGone
                    ? ""
                    : "\(addresses.page(repository))/compare/\(push.before)...\(push.after)"),
            "commits": .array(commits), "total_commits": JSON(push.total),
            "head_commit": commits.first ?? .null,
            "repository": try self.repository(repository), "pusher": user(actor),
            "sender": user(actor),
        ]
    }

    func createPayload(_ push: RefChange, in repository: RepositoryRow, by actor: UserRow) throws
        -> JSON
    {
        [
            "sha": .string(push.after), "ref": .string(push.shortName),
            "ref_type": .string(push.isTag ? "tag" : "branch"),
            "repository": try self.repository(repository), "sender": user(actor),
        ]
    }

    func deletePayload(_ push: RefChange, in repository: RepositoryRow, by actor: UserRow) throws
        -> JSON
    {
        [
            "ref": .string(push.shortName), "ref_type": .string(push.isTag ? "tag" : "branch"),
            "pusher_type": "user", "repository": try self.repository(repository),
            "sender": user(actor),
        ]
    }

    func statusPayload(
        _ status: StatusRow, _ commit: GitCommit, in repository: RepositoryRow, by actor: UserRow
    ) throws -> JSON {
        [
            "id": .integer(status.id), "sha": .string(commit.id),
            "state": .string(status.state.rawValue), "context": .string(status.context),
            "description": .string(status.description),
            "target_url": .string(status.targetUrl), "name": .string(repository.fullName),
            "commit": payloadCommit(
                PushedCommit(commit: commit, changes: []), in: repository),
            "created_at": .time(status.createdAtMs), "updated_at": .time(status.createdAtMs),
            "repository": try self.repository(repository), "sender": user(actor),
        ]
    }

    private func payloadCommit(_ pushed: PushedCommit, in repository: RepositoryRow) -> JSON {
        let commit = pushed.commit
        func person(_ signature: Signature) -> JSON {
            let name = signature.email.split(separator: "@").first.map(String.init) ?? ""
            let found = try? UserRow.find(db, name: name)
            let isOurs = found?.email == signature.email.lowercased()
            return [
                "name": .string(signature.name), "email": .string(signature.email),
                "username": .string(isOurs ? found?.name ?? "" : ""),
            ]
        }
        func paths(_ kinds: Set<GitFileChange.Kind>) -> JSON {
            .array(pushed.changes.filter { kinds.contains($0.kind) }.map { .string($0.path) })
        }
        return [
            "id": .string(commit.id), "message": .string(commit.message),
            "url": .string(addresses.page(repository, commit: commit.id)),
            "author": person(commit.author), "committer": person(commit.committer),
            "verification": .null, "timestamp": .string(commit.committer.date ?? ""),
            "added": paths([.added, .copied]), "removed": paths([.deleted]),
            "modified": paths([.changed, .renamed]),
        ]
    }

    /// A pull request as the database knows it, where git can't be asked.
    private func storedPull(_ issue: IssueRow, in repository: RepositoryRow) throws -> JSON {
        guard let pull = try PullRow.find(db, issue: issue.id) else { return .null }
        let known = try KnownRefs.commit(
            db, repository: repository.id, name: "refs/heads/" + pull.baseBranch)
        let base = issue.isOpen ? known ?? pull.baseCommit : pull.baseCommit
        let facts = forge.pulls.known(
            forge.bareRepository(repository), base: base, head: pull.headCommit)
        return try self.pull(
            issue, pull,
            PullState(head: pull.headCommit, base: base, isHeadThere: true, facts: facts),
            in: repository)
    }
}
