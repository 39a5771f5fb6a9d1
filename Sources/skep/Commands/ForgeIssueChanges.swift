import ArgumentParser
import SkepCore
import SkepForge

/// Which issue or pull request of the embedded tracker is meant.
struct ForgeIssueArguments: ParsableArguments {
    @Argument(help: ArgumentHelp("The repository.", valueName: "owner/name"))
    var repository: RepositoryName
    @Argument(
        help: ArgumentHelp("Its number.", valueName: "number"),
        transform: { text in
            let digits = text.hasPrefix("#") ? text.dropFirst() : text[...]
            guard let number = Int(digits), number > 0 else {
                throw ValidationError("\"\(text)\" isn't a number of an issue")
            }
            return number
        })
    var number: Int

    var reference: IssueReference { IssueReference(repository: repository, number: number) }
}

extension CommonOptions {
    /// Tells what was done to an issue.
    func tell(_ issue: ForgeIssue, _ sentence: String) {
        let console = console()
        if console.isJSON { return console.show(issue.json) }
        console.say(sentence)
    }
}

struct ForgeIssueComment: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "comment", abstract: "Write a comment under an issue or a pull request",
        discussion: "Example: skep forge issue comment ada/engine 12 --body \"Seen it too\"")

    @OptionGroup var issue: ForgeIssueArguments
    @OptionGroup var text: ForgeTextOptions
    @Option(
        help: ArgumentHelp("Who writes it; otherwise the repository's owner.", valueName: "user"))
    var author: String?
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard text.body != nil || text.bodyFile != nil else {
            throw ValidationError("--body or --body-file is needed")
        }
    }

    func run() async throws {
        let changed = try await forge.open(common).addComment(
            text.read() ?? "", to: issue.reference, author: author.map(LoginName.init(rawValue:)))
        common.tell(changed, "Commented on \(changed.reference)")
    }
}

struct ForgeIssueLabel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label", abstract: "Put labels on an issue or a pull request",
        discussion: """
            Labels that the repository doesn't have are made.

            Example: skep forge issue label ada/engine 12 agent/claude
            """)

    @OptionGroup var issue: ForgeIssueArguments
    @Argument(help: ArgumentHelp("A label's name.", valueName: "label"))
    var labels: [String]
    @Flag(help: "Take them off.")
    var remove = false
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let forge = try await forge.open(common)
        let changed =
            remove
            ? try await forge.removeLabels(labels, from: issue.reference)
            : try await forge.addLabels(labels, to: issue.reference)
        let now = changed.labels.isEmpty ? "none" : changed.labels.joined(separator: ", ")
        common.tell(changed, "Labels of \(changed.reference): \(now)")
    }
}

struct ForgeIssueAssign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assign", abstract: "Assign users to an issue or a pull request",
        discussion: """
            Only users who can write to the repository can be assigned.

            Example: skep forge issue assign ada/engine 12 claude
            """)

    @OptionGroup var issue: ForgeIssueArguments
    @Argument(help: ArgumentHelp("A user's name.", valueName: "user"))
    var users: [String]
    @Flag(help: "Unassign them.")
    var remove = false
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let forge = try await forge.open(common)
        let users = users.map(LoginName.init(rawValue:))
        let changed =
            remove
            ? try await forge.unassign(users, from: issue.reference)
            : try await forge.assign(users, to: issue.reference)
        let names = changed.assignees.map(\.rawValue)
        let now = names.isEmpty ? "nobody" : names.joined(separator: ", ")
        common.tell(changed, "Assigned to \(changed.reference): \(now)")
    }
}

struct ForgeIssueClose: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close", abstract: "Close an issue, or a pull request without merging it",
        discussion: "Example: skep forge issue close ada/engine 12")

    @OptionGroup var issue: ForgeIssueArguments
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let changed = try await forge.open(common).setOpen(false, issue.reference)
        common.tell(changed, "Closed \(changed.reference)")
    }
}

struct ForgeIssueReopen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reopen", abstract: "Open a closed issue or pull request again",
        discussion: "Example: skep forge issue reopen ada/engine 12")

    @OptionGroup var issue: ForgeIssueArguments
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let changed = try await forge.open(common).setOpen(true, issue.reference)
        common.tell(changed, "Opened \(changed.reference)")
    }
}
