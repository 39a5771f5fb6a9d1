public import ArgumentParser
public import SkepCore
import SkepForge

struct ForgePullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "List and merge the tracker's pull requests",
        discussion: "Example: skep forge pull merge ada/engine 13",
        subcommands: [ForgePullMerge.self, ForgePullList.self])
}

extension MergeStyle: ExpressibleByArgument {}

struct ForgePullMerge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge", abstract: "Merge a pull request, and close the issues it closes",
        discussion: """
            Issues that its title or text names after "Closes", "Fixes" or "Resolves" are closed.

            Example: skep forge pull merge ada/engine 13 --style squash
            """)

    @OptionGroup var pull: ForgeIssueArguments
    @Option(help: "How its commits come onto the base.")
    var style = MergeStyle.merge
    @Option(
        help: ArgumentHelp("Who merges it; otherwise the repository's owner.", valueName: "user"))
    var author: String?
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let merge = try await forge.open(common).mergePull(
            pull.reference, style: style, by: author.map(LoginName.init(rawValue:)))
        let console = common.console()
        if console.isJSON { return console.show(merge.json) }
        console.say("Merged \(merge.pull) into \(merge.baseBranch) as \(merge.commit.prefix(10))")
        for issue in merge.closed { console.say("Closed \(issue)") }
    }
}

struct ForgePullList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List a repository's pull requests",
        discussion: "Example: skep forge pull list ada/engine --all")

    @Argument(help: ArgumentHelp("The repository.", valueName: "owner/name"))
    var repository: RepositoryName
    @Flag(help: "Closed and merged ones too.")
    var all = false
    @Flag(name: .shortAndLong, help: "Print numbers only.")
    var quiet = false
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let pulls = try await forge.open(common).pulls(in: repository, includingClosed: all)
        common.console(quiet: quiet).show(
            pulls, id: { "\($0.issue.reference.number)" }, json: \.json,
            table: { pulls in
                var table = Table([
                    .fixed("PULL"), .fixed("STATE"), .flexible("BRANCH"), .fixed("BASE"),
                    .flexible("TITLE"),
                ])
                for pull in pulls {
                    table.add([
                        "#\(pull.issue.reference.number)", pull.state, pull.headBranch.rawValue,
                        pull.baseBranch.rawValue, pull.issue.title,
                    ])
                }
                return table
            }, none: "There are no pull requests in \(repository).")
    }
}

extension ForgePull {
    fileprivate var state: String {
        mergeCommit != nil ? "merged" : issue.isOpen ? "open" : "closed"
    }

    fileprivate var json: JSON {
        .object([
            "pull": .text(issue.reference.description),
            "number": .number(issue.reference.number),
            "title": .text(issue.title),
            "state": .text(state),
            "head_branch": .name(headBranch),
            "base_branch": .name(baseBranch),
            "merge_commit": mergeCommit.map { .text($0) } ?? .null,
            "labels": .list(issue.labels.map { .text($0) }),
            "assignees": .list(issue.assignees.map { .name($0) }),
        ])
    }
}

extension ForgeMerge {
    fileprivate var json: JSON {
        .object([
            "pull": .text(pull.description),
            "base_branch": .name(baseBranch),
            "merge_commit": .text(commit),
            "closed": .list(closed.map { .text($0.description) }),
        ])
    }
}
