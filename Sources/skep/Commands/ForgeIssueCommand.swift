import ArgumentParser
import SkepCore
import SkepForge

struct ForgeIssueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue", abstract: "Add, list and change the tracker's issues",
        discussion: "Example: skep forge issue add ada/engine --title \"It stalls\"",
        subcommands: [
            ForgeIssueAdd.self, ForgeIssueList.self, ForgeIssueComment.self, ForgeIssueLabel.self,
            ForgeIssueAssign.self, ForgeIssueClose.self, ForgeIssueReopen.self,
        ])
}

struct ForgeIssueAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add an issue",
        discussion: """
            Example: skep forge issue add ada/engine --title "It stalls" --body-file report.md
            """)

    @Argument(help: ArgumentHelp("The repository.", valueName: "owner/name"))
    var repository: RepositoryName
    @Option(help: ArgumentHelp("Its title.", valueName: "text"))
    var title: String
    @OptionGroup var text: ForgeTextOptions
    @Option(
        help: ArgumentHelp(
            "A label; may be given again. Made where there is none.", valueName: "name"))
    var label: [String] = []
    @Option(
        help: ArgumentHelp("Who writes it; otherwise the repository's owner.", valueName: "user"))
    var author: String?
    @Flag(name: .shortAndLong, help: "Print the number only.")
    var quiet = false
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let issue = try await forge.open(common).addIssue(
            to: repository, title: title, body: text.read() ?? "", labels: label,
            author: author.map(LoginName.init(rawValue:)))
        let console = common.console(quiet: quiet)
        if console.isJSON { return console.show(issue.json) }
        if console.isQuiet { return console.output.line("\(issue.reference.number)") }
        console.say("Added \(issue.reference)")
    }
}

struct ForgeIssueList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List a repository's issues and pull requests",
        discussion: "Example: skep forge issue list ada/engine --all")

    @Argument(help: ArgumentHelp("The repository.", valueName: "owner/name"))
    var repository: RepositoryName
    @Flag(help: "Closed ones too.")
    var all = false
    @Flag(name: .shortAndLong, help: "Print numbers only.")
    var quiet = false
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let issues = try await forge.open(common).issues(in: repository, includingClosed: all)
        common.console(quiet: quiet).show(
            issues, id: { "\($0.reference.number)" }, json: \.json,
            table: { issues in
                var table = Table([
                    .fixed("ISSUE"), .fixed("KIND"), .fixed("STATE"), .flexible("LABELS"),
                    .flexible("TITLE"),
                ])
                for issue in issues {
                    table.add([
                        "#\(issue.reference.number)", issue.isPullRequest ? "pull" : "issue",
                        issue.isOpen ? "open" : "closed", issue.labels.joined(separator: ", "),
                        issue.title,
                    ])
                }
                return table
            }, none: "There are no issues in \(repository).")
    }
}

extension ForgeIssue {
    var json: JSON {
        .object([
            "issue": .text(reference.description),
            "number": .number(reference.number),
            "title": .text(title),
            "is_open": .boolean(isOpen),
            "is_pull_request": .boolean(isPullRequest),
            "labels": .list(labels.map { .text($0) }),
            "assignees": .list(assignees.map { .name($0) }),
        ])
    }
}
