import ArgumentParser
import SkepCore
import SkepForge

struct ForgeRepo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repo",
        abstract: "Add and list the tracker's repositories, and let users write",
        discussion: "Example: skep forge repo add ada/engine --from ./engine",
        subcommands: [ForgeRepoAdd.self, ForgeRepoGrant.self, ForgeRepoList.self])
}

struct ForgeRepoAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a repository, empty or from another one",
        discussion: "Example: skep forge repo add ada/engine --from https://example.org/engine.git")

    @Argument(help: ArgumentHelp("Its name.", valueName: "owner/name"))
    var name: RepositoryName
    @Option(help: ArgumentHelp("Take branches and tags from here.", valueName: "path-or-url"))
    var from: String?
    @Flag(name: .shortAndLong, help: "Print the name only.")
    var quiet = false
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let repository = try await forge.open(common).addRepository(name, from: from)
        let console = common.console(quiet: quiet)
        if console.isJSON { return console.show(repository.json) }
        if console.isQuiet { return console.output.line("\(repository.name)") }
        console.say("Added \(repository.name) at \(repository.path)")
    }
}

struct ForgeRepoGrant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Let a user write to a repository",
        discussion: "Example: skep forge repo grant ada/engine skep")

    @Argument(help: ArgumentHelp("The repository.", valueName: "owner/name"))
    var repository: RepositoryName
    @Argument(help: "The user's name.")
    var user: String
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await forge.open(common).addCollaborator(LoginName(rawValue: user), to: repository)
        let console = common.console()
        if console.isJSON {
            return console.show(
                .object([
                    "repository": .text(repository.description), "user": .text(user),
                    "permission": .text("write"),
                ]))
        }
        console.say("\(user) can write to \(repository)")
    }
}

struct ForgeRepoList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the tracker's repositories",
        discussion: "Example: skep forge repo list --json")

    @Flag(name: .shortAndLong, help: "Print names only.")
    var quiet = false
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let repositories = try await forge.open(common).repositories()
        common.console(quiet: quiet).show(
            repositories, id: { $0.name.description }, json: \.json,
            table: { repositories in
                var table = Table([
                    .flexible("REPOSITORY"), .fixed("DEFAULT BRANCH"), .flexible("FOLDER"),
                ])
                for repository in repositories {
                    table.add([
                        repository.name.description, repository.defaultBranch.rawValue,
                        repository.path,
                    ])
                }
                return table
            }, none: "There are no repositories.")
    }
}

extension ForgeRepository {
    var json: JSON {
        .object([
            "name": .text(name.description), "default_branch": .name(defaultBranch),
            "folder": .text(path),
        ])
    }
}
