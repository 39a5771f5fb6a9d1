import Foundation
import SkepCore

extension BareRepository {
    /// Makes the commit that a merge puts onto the base branch; sets no reference.
    ///
    /// - Returns: The commit; `nil` when the two can't be merged in this way.
    func makeMerge(
        _ style: MergeStyle, base: String, head: String, message: String, author: Signature,
        by merger: Signature
    ) async throws -> String? {
        switch style {
        case .merge:
            return try await mergeCommit(base: base, head: head, message: message, by: merger)
        case .squash:
            guard let tree = try await mergeTree(base, head) else { return nil }
            return try await makeCommit(
                tree: tree, parents: [base], message: message, author: author, committer: merger)
        case .fastForwardOnly:
            return try await isAncestor(base, of: head) ? head : nil
        case .rebase:
            return try await rebase(head, onto: base, by: merger)
        case .rebaseMerge:
            guard let rebased = try await rebase(head, onto: base, by: merger) else { return nil }
            return try await mergeCommit(base: base, head: rebased, message: message, by: merger)
        }
    }

    private func mergeCommit(base: String, head: String, message: String, by merger: Signature)
        async throws -> String?
    {
        guard let tree = try await mergeTree(base, head) else { return nil }
        return try await makeCommit(
            tree: tree, parents: [base, head], message: message, author: merger, committer: merger)
    }

    /// Puts the commits since `base` onto it, in a working tree that is thrown away.
    ///
    /// `git replay`, which needs none, came after the oldest git that Skep supports (2.39).
    private func rebase(_ head: String, onto base: String, by person: Signature) async throws
        -> String?
    {
        if try await isAncestor(base, of: head) { return head }
        let folder = path + ".rebase-" + UUID().uuidString.lowercased()
        let people = [
            "GIT_AUTHOR_NAME": person.name, "GIT_AUTHOR_EMAIL": person.email,
            "GIT_COMMITTER_NAME": person.name, "GIT_COMMITTER_EMAIL": person.email,
        ]
        try await run(["worktree", "add", "--quiet", "--detach", folder, head])
        let result: String?
        do {
            let rebased = try await git.run(
                ["-C", folder, "rebase", "--quiet", base], purpose: "rebase", environment: people)
            let tip = try await git.run(["-C", folder, "rev-parse", "HEAD"], purpose: "rebase")
            result = rebased.isSuccess && tip.isSuccess ? tip.line : nil
        } catch {
            await removeWorkTree(folder)
            throw error
        }
        await removeWorkTree(folder)
        return result
    }

    private func removeWorkTree(_ folder: String) async {
        try? FileManager.default.removeItem(atPath: folder)
        // Awaited although the caller may be cancelled: git's entry for the folder must go too.
        _ = await Task { try? await run(["worktree", "prune", "--expire=now"]) }.value
    }
}
