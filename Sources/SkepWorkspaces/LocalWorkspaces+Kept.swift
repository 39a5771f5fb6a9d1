public import SkepCore
import SkepGit
import SkepQueue

extension LocalWorkspaces {
    public func kept(of run: RunID, in repository: RepositoryName) async throws -> [KeptWork] {
        let git: GitRepository
        do {
            git = try await mirror(of: repository).open()
        } catch WorkspaceError.noMirror {
            return []
        }
        var kept: [KeptWork] = []
        for pattern in [References.attempts(of: run), References.rescues(of: run)] {
            for reference in try await git.references(matching: pattern) {
                let commit = try await git.commit(reference.target)
                let time = commit.committer.seconds.multipliedOrMax(by: 1000)
                kept.append(
                    KeptWork(
                        reference: reference.name, commit: try reference.target.commit,
                        at: Timestamp(milliseconds: time)))
            }
        }
        return kept.sorted { Self.rank($0) > Self.rank($1) }
    }

    /// What stands beside an attempt's result comes last. Of the same second a later attempt is first:
    /// its number is greater, or longer.
    private static func rank(_ work: KeptWork) -> (Int, Timestamp, Int, String) {
        let isResult = !References.isBesideAttempt(work.reference)
        return (isResult ? 1 : 0, work.at, work.reference.count, work.reference)
    }
}
