import ArgumentParser
import Logging
import ServiceLifecycle
import SkepCore
import SkepForge
import UnixSignals

/// `skep forge …`: the embedded tracker.
struct ForgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forge", abstract: "Run the embedded tracker, and fill it",
        discussion: """
            A small tracker with git repositories, for trying Skep and for teams without one.

            Example: skep forge serve --port 3000
            """,
        subcommands: [
            ForgeServe.self, ForgeUserCommand.self, ForgeRepo.self, ForgeIssueCommand.self,
        ])
}

/// Where the tracker keeps its data.
struct ForgeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The tracker's data; otherwise \"forge\" in the state folder.", valueName: "folder"))
    var data: String?

    func folder(_ common: CommonOptions) throws -> String {
        let surroundings = Surroundings.current()
        return try data.map { surroundings.path($0, in: surroundings.workingFolder) }
            ?? common.stateFolder(surroundings).forge
    }

    func open(_ common: CommonOptions) async throws -> Forge {
        try await Forge(dataFolder: folder(common))
    }
}

struct ForgeServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the tracker until stopped",
        discussion: "Example: skep forge serve --data /srv/forge --port 3000")

    @OptionGroup var forge: ForgeOptions
    @Option(help: ArgumentHelp("The port; 0 takes any that is free.", valueName: "number"))
    var port = 3000
    @Option(help: ArgumentHelp("The address of this machine to listen on.", valueName: "address"))
    var host = "127.0.0.1"
    @Flag(help: "Let other machines in; they need a token for everything.")
    var allowRemote = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0...65535).contains(port) else {
            throw ValidationError("--port must be 0 to 65535, not \(port)")
        }
    }

    func run() async throws {
        let console = common.console()
        let logger = StderrLog.logger("skep.forge", level: .notice, console: console)
        let server = try await ForgeServer(
            dataFolder: forge.folder(common), host: host, port: port, allowRemote: allowRemote,
            logger: logger
        ) { address in
            if console.isJSON {
                console.output.line(JSON.object(["url": .text(address.url)]).line())
            } else {
                console.say("The tracker is at \(address.url)")
            }
        }
        var quiet = logger
        quiet.logLevel = .error
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server)],
                gracefulShutdownSignals: [UnixSignal.sigterm, .sigint], logger: quiet))
        try await group.run()
    }
}

struct ForgeUserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Add and list the tracker's users",
        discussion: "Example: skep forge user add ada --admin",
        subcommands: [ForgeUserAdd.self, ForgeUserList.self])
}

struct ForgeUserAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a user and print a token, once, as the last line",
        discussion: "Example: skep forge user add ada --admin")

    @Argument(help: "The user's name.")
    var name: String
    @Flag(help: "Let the user do everything.")
    var admin = false
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let (user, token) = try await forge.open(common).addUser(
            LoginName(rawValue: name), isAdmin: admin)
        let console = common.console()
        if console.isJSON {
            return console.show(
                .object([
                    "name": .name(user.name), "is_admin": .boolean(user.isAdmin),
                    "token": .text(token.value),
                ]))
        }
        console.remarks.line("Added \(PlainText.line(name)). The token isn't shown again:")
        console.output.line(token.value)
    }
}

struct ForgeUserList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the tracker's users",
        discussion: "Example: skep forge user list")

    @Flag(name: .shortAndLong, help: "Print names only.")
    var quiet = false
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let users = try await forge.open(common).users()
        common.console(quiet: quiet).show(
            users, id: { $0.name.rawValue },
            json: { .object(["name": .name($0.name), "is_admin": .boolean($0.isAdmin)]) },
            table: { users in
                var table = Table([.fixed("USER"), .fixed("ADMIN")])
                for user in users { table.add([user.name.rawValue, user.isAdmin ? "yes" : "no"]) }
                return table
            }, none: "There are no users.")
    }
}

struct ForgeRepo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repo", abstract: "Add and list the tracker's repositories",
        discussion: "Example: skep forge repo add ada/engine --from ./engine",
        subcommands: [ForgeRepoAdd.self, ForgeRepoList.self])
}

struct ForgeRepoAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a repository, empty or from another one",
        discussion: "Example: skep forge repo add ada/engine --from https://example.org/engine.git")

    @Argument(help: ArgumentHelp("Its name.", valueName: "owner/name"))
    var name: RepositoryName
    @Option(help: ArgumentHelp("Take branches and tags from here.", valueName: "path-or-url"))
    var from: String?
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let repository = try await forge.open(common).addRepository(name, from: from)
        let console = common.console()
        if console.isJSON { return console.show(repository.json) }
        console.say("Added \(repository.name) at \(repository.path)")
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
