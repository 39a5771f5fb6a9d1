import ArgumentParser
import SkepCore
import SkepForge

struct ForgeUserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Add and list the tracker's users, and make tokens",
        discussion: "Example: skep forge user add ada --admin",
        subcommands: [ForgeUserAdd.self, ForgeUserToken.self, ForgeUserList.self])
}

/// What a new token may be used for.
struct ForgeScopeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What the token may be used for, such as read:issue,write:repository; otherwise all.",
            valueName: "scopes"))
    var scopes: String?

    func validate() throws { _ = try CommandLists.words(scopes, of: "--scopes") }

    func read() throws -> TokenScope {
        try TokenScope(CommandLists.words(scopes, of: "--scopes"))
    }
}

struct ForgeUserAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a user and print a token, once, as the last line",
        discussion: "Example: skep forge user add ada --admin")

    @Argument(help: "The user's name.")
    var name: String
    @Flag(help: "Let the user do everything.")
    var admin = false
    @OptionGroup var token: ForgeScopeOptions
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let scope = try token.read()
        let (user, token) = try await forge.open(common, isMade: true).addUser(
            LoginName(rawValue: name), isAdmin: admin, scope: scope)
        let console = common.console()
        if console.isJSON {
            return console.show(
                .object([
                    "name": .name(user.name), "is_admin": .boolean(user.isAdmin),
                    "scopes": .text("\(scope)"), "token": .text(token.value),
                ]))
        }
        console.remarks.line("Added \(PlainText.line(name)). The token isn't shown again:")
        console.output.line(token.value)
    }
}

struct ForgeUserToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Print a further token for a user, once, as the last line",
        discussion: """
            The earlier ones stay good.

            Example: skep forge user token ada --scopes read:issue,read:repository
            """)

    @Argument(help: "The user's name.")
    var name: String
    @OptionGroup var token: ForgeScopeOptions
    @OptionGroup var forge: ForgeOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let scope = try token.read()
        let token = try await forge.open(common).addToken(
            for: LoginName(rawValue: name), scope: scope)
        let console = common.console()
        if console.isJSON {
            return console.show(
                .object([
                    "name": .text(name), "scopes": .text("\(scope)"), "token": .text(token.value),
                ]))
        }
        console.remarks.line("A token for \(PlainText.line(name)). It isn't shown again:")
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
