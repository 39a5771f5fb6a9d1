/// The addresses that answers and pages name, all on the host that was asked.
struct Addresses: Sendable, Equatable {
    /// Such as "http://127.0.0.1:3000", without a slash at its end.
    let root: String

    func api(_ path: String) -> String { "\(root)/api/v1/\(path)" }
    func user(_ user: UserRow) -> String { "\(root)/\(user.name)" }
    func page(_ repository: RepositoryRow) -> String { "\(root)/\(repository.fullName)" }
    func api(_ repository: RepositoryRow) -> String { api("repos/\(repository.fullName)") }
    func clone(_ repository: RepositoryRow) -> String { page(repository) + ".git" }

    func page(_ repository: RepositoryRow, _ issue: IssueRow) -> String {
        "\(page(repository))/\(issue.isPull ? "pulls" : "issues")/\(issue.number)"
    }

    func page(_ repository: RepositoryRow, commit: String) -> String {
        "\(page(repository))/commit/\(commit)"
    }
}
