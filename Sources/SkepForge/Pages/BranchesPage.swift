import GRDB

/// A repository's branches, the one that was worked on last first.
enum BranchesPage {
    /// Branches on one page.
    private static let shown = 500

    @Sendable static func answer(_ visit: Visit) async throws -> Answer {
        let repository = try await visit.read { db in try visit.call.repository(db) }
        var branches: [BranchHead] = []
        if visit.call.forge.hasGit {
            branches = try await visit.call.forge.bareRepository(repository).branchHeads()
        }
        let all = branches
        return try await visit.read { db in
            let models = PageModels(db, repository, visit)
            let pulls = try repository.openPulls(db)
            let sorted =
                all.filter { $0.name == repository.defaultBranch }
                + all.filter { $0.name != repository.defaultBranch }
            var model = try models.tabs("onBranches")
            model["hasRows"] = !all.isEmpty
            model["rows"] = sorted.prefix(shown).map { branch in
                var row: PageRenderer.Model = [
                    "branchName": branch.name, "subject": branch.subject,
                    "commitAuthor": branch.author,
                    "isDefault": branch.name == repository.defaultBranch,
                    "codeURL": PageAddress.code("branch", branch.name, base: models.base),
                    "commitsURL": PageAddress.commits(branch.name, base: models.base),
                    "commitURL": "\(models.base)/commit/\(branch.commit)",
                    "short": String(branch.commit.prefix(10)),
                ]
                if let number = pulls[branch.name] {
                    row["pullNumber"] = number
                    row["pullURL"] = "\(models.base)/pulls/\(number)"
                }
                return row.adding(models.time.model(branch.date))
            }
            if all.count > shown { model["cutText"] = "\(shown) of \(all.count) are shown." }
            model["clone"] = visit.call.addresses.clone(repository)
            return visit.page(
                "branches", title: "Branches of \(repository.fullName)", crumbs: models.crumbs,
                model)
        }
    }
}

/// The commits of a branch, the newest first.
enum CommitsPage {
    @Sendable static func answer(_ visit: Visit) async throws -> Answer {
        let call = visit.call
        let repository = try await visit.read { db in try call.repository(db) }
        let bare = call.forge.bareRepository(repository)
        let (branch, page) = (call.parameter("branch"), call.page)
        guard call.forge.hasGit, let head = try await bare.commit(ofBranch: branch) else {
            throw Refusal.notFound("There is no branch \"\(branch)\".")
        }
        let total = try await bare.countCommits(head)
        let commits = try await bare.commits(head, skip: page.offset, limit: page.limit)
        return try await visit.read { db in
            let models = PageModels(db, repository, visit)
            var model = try models.tabs("onBranches")
            model["branchName"] = branch
            model["codeURL"] = PageAddress.code("branch", branch, base: models.base)
            model["commitCount"] = ForgePages.count(total, "commit")
            model["commits"] = commits.map { CommitPage.row($0, models) }
            model.merge(
                Pager(page, count: commits.count, total: total) { "?page=\($0)" }.model
            ) { $1 }
            return visit.page(
                "commits", title: "Commits of \(branch)", crumbs: models.crumbs, model)
        }
    }
}

/// One commit and what it changed.
enum CommitPage {
    /// What stands behind a commit's name for its difference as text.
    private static let textSuffix = ".diff"

    @Sendable static func answer(_ visit: Visit) async throws -> Answer {
        let call = visit.call
        let repository = try await visit.read { db in try call.repository(db) }
        let name = call.parameter("file")
        let isText = name.hasSuffix(Self.textSuffix)
        let commit = try await call.commit(
            String(isText ? name.dropLast(Self.textSuffix.count) : name[...]), in: repository)
        let parent = commit.parents.first ?? BareRepository.emptyTree
        let text = try await call.forge.bareRepository(repository).diff(
            from: parent, to: commit.id)
        if isText { return .plain(text) }
        let diff = Diff(text)
        return try await visit.read { db in
            let models = PageModels(db, repository, visit)
            let statuses = try StatusRow.newest(db, repository: repository.id, commit: commit.id)
            let rest = commit.message.dropFirst(commit.subject.count).drop(while: \.isNewline)
            var model = try models.tabs("onBranches").adding(row(commit, models))
            if !rest.isEmpty { model["message"] = String(rest) }
            model["treeURL"] = PageAddress.code("commit", commit.id, base: models.base)
            model["parents"] = commit.parents.map {
                ["parentURL": "\(models.base)/commit/\($0)", "parent": String($0.prefix(10))]
            }
            model["hasStatuses"] = !statuses.isEmpty
            model["statuses"] = statuses.map(MergeBox.status)
            model.merge(
                diff.model(
                    textURL: "\(models.base)/commit/\(commit.id)\(Self.textSuffix)")
            ) { $1 }
            return visit.page(
                "commit", title: String(commit.subject), crumbs: models.crumbs, model)
        }
    }

    /// A commit in a list.
    static func row(_ commit: GitCommit, _ models: PageModels) -> PageRenderer.Model {
        let model: PageRenderer.Model = [
            "subject": commit.subject.isEmpty ? "(no message)" : String(commit.subject),
            "commitAuthor": commit.author.name, "commit": commit.id,
            "short": String(commit.id.prefix(10)),
            "commitURL": "\(models.base)/commit/\(commit.id)",
        ]
        return model.adding(models.time.model(commit.committer.date))
    }
}
