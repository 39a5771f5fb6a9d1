import GRDB

/// A repository's branches.
enum RepositoryPage {
    static func answer(_ call: Call, _ renderer: PageRenderer) async throws -> Answer {
        let repository = try await call.read { db in try call.repository(db) }
        let bare = call.forge.bareRepository(repository)
        var branches: [(name: String, commit: GitCommit)] = []
        if call.forge.hasGit {
            for branch in try await bare.branches().prefix(200) {
                if let commit = try await bare.commit(branch.commit) {
                    branches.append((branch.name, commit))
                }
            }
        }
        let shown = branches
        return try await call.read { db in
            let models = PageModels(db: db, repository: repository)
            var model = try models.tabs("onCode")
            model["clone"] = call.addresses.clone(repository)
            model["hasBranches"] = !shown.isEmpty
            model["branches"] = shown.map { name, commit in
                CommitPage.row(commit, base: models.base).adding([
                    "name": name, "isDefault": name == repository.defaultBranch,
                    "commitsURL": CommitsPage.url(name, base: models.base),
                ])
            }
            return renderer.page("repository", title: repository.fullName, model)
        }
    }
}

/// The commits of a branch, the newest first.
enum CommitsPage {
    static func url(_ branch: String, base: String) -> String {
        let path = branch.split(separator: "/").map { PercentCoding.encode(String($0)) }
        return "\(base)/commits/\(path.joined(separator: "/"))"
    }

    static func answer(_ call: Call, _ renderer: PageRenderer) async throws -> Answer {
        let repository = try await call.read { db in try call.repository(db) }
        let bare = call.forge.bareRepository(repository)
        let (branch, page) = (call.parameter("branch"), call.page)
        guard call.forge.hasGit, let head = try await bare.commit(ofBranch: branch) else {
            throw Refusal.notFound
        }
        let total = try await bare.countCommits(head)
        let commits = try await bare.commits(head, skip: page.offset, limit: page.limit)
        return try await call.read { db in
            let models = PageModels(db: db, repository: repository)
            var model = try models.tabs("onCode")
            model["branch"] = branch
            model["commitCount"] = ForgePages.count(total, "commit")
            model["commits"] = commits.map { CommitPage.row($0, base: models.base) }
            if page.number > 1 { model["newer"] = "?page=\(page.number - 1)" }
            if page.offset + commits.count < total { model["older"] = "?page=\(page.number + 1)" }
            return renderer.page(
                "commits", title: "Commits of \(branch)", crumbs: models.crumbs, model)
        }
    }
}

/// One commit and what it changed.
enum CommitPage {
    static func answer(_ call: Call, _ renderer: PageRenderer) async throws -> Answer {
        let repository = try await call.read { db in try call.repository(db) }
        let bare = call.forge.bareRepository(repository)
        let commit = try await call.commit(call.parameter("file"), in: repository)
        let parent = commit.parents.first ?? BareRepository.emptyTree
        let diff = Diff(try await bare.diff(from: parent, to: commit.id))
        return try await call.read { db in
            let models = PageModels(db: db, repository: repository)
            let rest = commit.message.dropFirst(commit.subject.count).drop(while: \.isNewline)
            var model = row(commit, base: models.base)
            if !rest.isEmpty { model["message"] = String(rest) }
            return renderer.page(
                "commit", title: String(commit.subject), crumbs: models.crumbs,
                model.adding(
                    diff.model(
                        textURL: "\(call.addresses.api(repository))/git/commits/\(commit.id)")
                ))
        }
    }

    /// A commit in a list.
    static func row(_ commit: GitCommit, base: String) -> PageRenderer.Model {
        let model: PageRenderer.Model = [
            "subject": String(commit.subject), "author": commit.author.name, "commit": commit.id,
            "short": String(commit.id.prefix(10)), "base": base,
        ]
        return model.adding(PageModels.time(commit.committer.date ?? ""))
    }
}

/// A pull request: what was said, its commits, and the difference.
enum PullPage {
    static func answer(_ call: Call, _ renderer: PageRenderer) async throws -> Answer {
        let loaded = try await call.loadPull()
        var commits: [GitCommit] = []
        var diff = Diff("")
        if call.forge.hasGit {
            commits = try await loaded.bare.commits(
                "\(loaded.mergeBase)..\(loaded.state.head)", limit: 250)
            diff = Diff(try await loaded.bare.diff(from: loaded.mergeBase, to: loaded.state.head))
        }
        let (shownCommits, shownDiff) = (commits, diff)
        return try await call.read { db in
            let (issue, pull) = try call.pull(db, in: loaded.repository)
            let models = PageModels(db: db, repository: loaded.repository)
            let author = try UserRow.find(db, id: issue.authorId)
            let statuses = try StatusRow.newest(
                db, repository: loaded.repository.id, commit: loaded.state.head)
            let facts = loaded.state.facts
            var model: PageRenderer.Model = [
                "title": issue.title, "number": issue.number, "author": author.name,
                "wants": pull.isMerged ? "merged" : "wants to merge", "head": pull.headBranch,
                "baseBranch": pull.baseBranch, "labels": try models.labels(issue),
                "assignees": try models.assignees(issue),
                "mergeText": try mergeText(issue, pull, facts, db),
                "reviewers": try ReviewRow.requested(db, issue: issue.id).map(\.name)
                    .joined(separator: ", "),
                "entries": try models.entries(issue, viewer: call.caller),
                "commits": shownCommits.reversed().map { CommitPage.row($0, base: models.base) },
                "commitCount": ForgePages.count(shownCommits.count, "commit"),
                "fileCount": ForgePages.count(facts?.changedFiles ?? 0, "changed file"),
                "additions": facts?.additions ?? 0, "deletions": facts?.deletions ?? 0,
                "hasStatuses": !statuses.isEmpty, "statuses": statuses.map(statusModel),
            ]
            model.merge(models.state(issue, isMerged: pull.isMerged)) { $1 }
            model.merge(
                shownDiff.model(textURL: "\(models.base)/pulls/\(issue.number).diff")
            ) { $1 }
            return renderer.page(
                "pull", title: issue.title,
                crumbs: models.crumbs + [Crumb(text: "Pull requests", url: models.base + "/pulls")],
                model)
        }
    }

    private static func mergeText(
        _ issue: IssueRow, _ pull: PullRow, _ facts: PullFacts?, _ db: Database
    ) throws -> String {
        if let commit = pull.mergeCommit, let merger = pull.mergedBy {
            return "Merged by \(try UserRow.find(db, id: merger).name) as \(commit.prefix(10))"
        }
        guard issue.isOpen else { return "Closed without a merge" }
        guard let facts else { return "Whether it can be merged isn't known: git is missing" }
        return facts.isClean ? "It can be merged without conflict" : "It conflicts with its base"
    }

    private static func statusModel(_ status: StatusRow) -> PageRenderer.Model {
        let kind =
            switch status.state {
            case .success: "good"
            case .failure, .error, .warning: "bad"
            case .pending, .skipped: ""
            }
        return [
            "state": status.state.rawValue, "stateClass": kind, "context": status.context,
            "description": status.description,
        ]
    }
}
