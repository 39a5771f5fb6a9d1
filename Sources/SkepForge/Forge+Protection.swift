import GRDB

extension Forge {
    /// Looks whether the base branch's protection lets a pull request be merged.
    ///
    /// - Throws: `ForgeError.notMerged` with what is missing.
    func checkProtection(of loaded: LoadedPull, _ wish: MergeWish, by user: UserRow) async throws {
        let isUpToDate = try await loaded.bare.isAncestor(loaded.state.base, of: loaded.state.head)
        let problem = try await store.read { db -> String? in
            let rule = try ProtectionRule.find(
                db, forBranch: loaded.pull.baseBranch, in: loaded.repository)
            guard let rule else { return nil }
            let isAdministrator = try loaded.repository.permission(db, of: user) >= .admin
            if wish.isForced, isAdministrator, !rule.bindsAdministrators { return nil }
            return try rule.problem(with: loaded, isUpToDate: isUpToDate, by: user, db)
        }
        if let problem { throw ForgeError.notMerged(loaded.reference, .isProtected(problem)) }
    }
}

extension ProtectionRule {
    /// What is missing for a merge; `nil` when nothing is.
    fileprivate func problem(
        with loaded: LoadedPull, isUpToDate: Bool, by user: UserRow, _ db: Database
    ) throws -> String? {
        guard allowsMerge(by: user) else {
            return "User not allowed to merge: the branch is protected."
        }
        let issue = loaded.issue.id
        let official = try ReviewRow.verdicts(db, issue: issue).filter {
            let author = try UserRow.find(db, id: $0.authorId)
            return try !$0.isDismissed
                && loaded.repository.permission(db, of: author) >= .write
        }
        let approvals = official.filter {
            $0.state == .approved
                && (!ignoresStaleApprovals || $0.commitId == loaded.state.head)
        }
        if approvals.count < requiredApprovals {
            return "Does not have enough approvals: \(approvals.count) of \(requiredApprovals)."
        }
        if blocksOnRejection, official.contains(where: { $0.state == .requestChanges }) {
            return "There are requested changes."
        }
        if blocksOnRequests, try !ReviewRow.requested(db, issue: issue).isEmpty {
            return "There are official review requests."
        }
        if blocksOutdated, !isUpToDate { return "The head branch is behind the base branch." }
        return checksStatuses ? try missingStatus(of: loaded, db) : nil
    }

    /// Each named context needs a success; without names, all that there are.
    private func missingStatus(of loaded: LoadedPull, _ db: Database) throws -> String? {
        let newest = try StatusRow.newest(
            db, repository: loaded.repository.id, commit: loaded.state.head)
        if statusContexts.isEmpty {
            let state = StatusRow.combined(newest)
            return state == .success
                ? nil : "Not all required status checks successful: they are \(state.rawValue)."
        }
        for context in statusContexts {
            let found = newest.filter { Glob(context).matches($0.context) }
            guard !found.isEmpty, StatusRow.combined(found) == .success else {
                return "Not all required status checks successful: \"\(context)\" isn't."
            }
        }
        return nil
    }
}
