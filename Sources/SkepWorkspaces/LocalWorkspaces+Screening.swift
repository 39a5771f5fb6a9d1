public import SkepCore
import SkepGit

extension LocalWorkspaces {
    public func leaks(
        of screen: SecretScreen, from base: CommitID, to head: CommitID,
        in repository: RepositoryName
    ) async throws -> [String] {
        if screen.isEmpty { return [] }
        let git = try await mirror(of: repository).open()
        let findings = try await git.search(from: base.object, to: head.object) {
            screen.holdsSecret($0)
        }
        return findings.map { finding in
            switch finding {
            case .file(let path, let commit): screen.redacted("\(path) in commit \(commit.short)")
            case .commit(let commit): "the message or the author of commit \(commit.short)"
            }
        }
    }

    public func texts(
        _ texts: Set<String>, heldBy commit: CommitID, in repository: RepositoryName
    ) async throws -> Set<String> {
        try await mirror(of: repository).open().texts(texts, heldBy: commit.object)
    }
}
