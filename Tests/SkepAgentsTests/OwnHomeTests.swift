import SkepCore
import SkepWire
import Testing

@testable import SkepAgents

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("An agent's own home")
struct OwnHomeTests {
    @Test("A link that the agent left there leads Skep to nothing of the operator's")
    func plantedLinks() throws {
        let folder = TemporaryFolder()
        let home = folder.make("home")
        let operators = folder.make("operator/.config")
        symlink(operators, home + "/.config")

        try OwnHome(home, of: nil).link(".config/goose/config.yaml", to: "/somewhere")

        #expect(!FileStatus.exists(operators + "/goose"))
        var target = [CChar](repeating: 0, count: 100)
        #expect(readlink(home + "/.config/goose/config.yaml", &target, 99) == 10)
    }

    @Test("What a program has put in a link's place stays")
    func keepsRenewed() throws {
        let home = TemporaryFolder().path + "-home"
        defer { _ = FileStatus.names(in: home).map { unlink("\(home)/\($0)") } }
        try FileStatus.makeFolder(home, mode: 0o700)
        try Files.replace(home + "/login", with: Array("new".utf8))

        try OwnHome(home, of: nil).link("login", to: "/somewhere")

        #expect(try Files.read(home + "/login") == Array("new".utf8))
        rmdir(home)
    }

    @Test("A login that a program renewed by a new file is the operator's login then")
    func takesLoginsBack() async throws {
        let fixture = try CommandFixture()
        let login = fixture.house.operatorHome + "/.bee/login"
        try FileStatus.makeFolder(fixture.house.operatorHome + "/.bee", mode: 0o700)
        try Files.replace(login, with: Array("old".utf8), mode: 0o600)
        let agent = try fixture.agent(
            script: "cat ~/.bee/login; printf new >~/.bee/login.tmp; "
                + "mv ~/.bee/login.tmp ~/.bee/login",
            [
                (
                    "home",
                    CommandFixture.map([("login", CommandFixture.list([".bee/login"]))])
                )
            ])

        let (_, first) = try await fixture.run(agent)
        #expect(first.contains("old"))
        #expect(try Files.read(login) == Array("new".utf8))
        var status = stat()
        #expect(stat(login, &status) == 0 && status.st_mode & 0o777 == 0o600)
        var target = [CChar](repeating: 0, count: 1000)
        #expect(readlink(fixture.workspace.homePath + "/.bee/login", &target, 999) > 0)
    }

    @Test("A login that the operator renewed meanwhile isn't replaced by an older one")
    func keepsTheNewest() throws {
        let folder = TemporaryFolder()
        let (home, operators) = (folder.make("home"), folder.make("operator"))
        try Files.replace(home + "/login", with: Array("older".utf8), mode: 0o600)
        try Files.replace(operators + "/login", with: Array("newer".utf8), mode: 0o600)
        var times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, home + "/login", &times, 0) == 0)

        try OwnHome(home, of: nil).takeBack("login", to: operators)

        #expect(try Files.read(operators + "/login") == Array("newer".utf8))
        #expect(try Files.read(home + "/login") == Array("newer".utf8))
    }

    @Test("Of two that were renewed the newer stays, whichever is taken back first")
    func keepsTheNewerOfTwo() throws {
        let folder = TemporaryFolder()
        let operators = folder.make("operator")
        for (index, text) in ["origin", "older", "newer"].enumerated() {
            let file = (index == 0 ? operators : folder.make(text)) + "/login"
            try Files.replace(file, with: Array(text.utf8), mode: 0o600)
            var times = Array(repeating: timespec(tv_sec: 1000 + index, tv_nsec: 7), count: 2)
            #expect(utimensat(AT_FDCWD, file, &times, 0) == 0)
        }

        try OwnHome(folder.path + "/older", of: nil).takeBack("login", to: operators)
        try OwnHome(folder.path + "/newer", of: nil).takeBack("login", to: operators)

        #expect(try Files.read(operators + "/login") == Array("newer".utf8))
    }

    @Test("One that somebody else takes back at that moment isn't written over")
    func takesTurns() throws {
        let folder = TemporaryFolder()
        let (home, operators) = (folder.make("home"), folder.make("operator"))
        try Files.replace(home + "/login", with: Array("new".utf8), mode: 0o600)
        let other = open(operators, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        #expect(flock(other, LOCK_EX) == 0)

        #expect(throws: AgentsError.self) {
            try OwnHome(home, of: nil).takeBack("login", to: operators)
        }
        close(other)

        #expect(try Files.read(home + "/login") == Array("new".utf8))
        try OwnHome(home, of: nil).takeBack("login", to: operators)
        #expect(try Files.read(operators + "/login") == Array("new".utf8))
    }

    @Test("Who waits to take a login back keeps nobody else waiting")
    @MainActor
    func waitsAside() async throws {
        let fixture = try CommandFixture()
        let (home, operators) = (fixture.workspace.homePath, fixture.house.operatorHome)
        try Files.replace(home + "/login", with: Array("new".utf8), mode: 0o600)
        let logins = CommandFixture.map([("login", CommandFixture.list(["login"]))])
        let agent = try #require(
            fixture.agent(script: "true", [("home", logins)]) as? HostedAgent<CommandAdapter>)
        let other = open(operators, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        #expect(flock(other, LOCK_EX) == 0)

        var hasBegun = false
        let taking = Task {
            hasBegun = true
            await agent.takeLoginsBack(home)
        }
        while !hasBegun { await Task.yield() }
        flock(other, LOCK_UN)
        close(other)
        await taking.value

        #expect(try Files.read(operators + "/login") == Array("new".utf8))
    }

    @Test("A login that can't be taken back stays in the home, and that is said")
    func keepsLogin() throws {
        let fixture = try CommandFixture()
        let home = fixture.workspace.homePath
        try FileStatus.makeFolder(home + "/.bee", mode: 0o700)
        try Files.replace(home + "/.bee/login", with: Array("new".utf8), mode: 0o600)
        let agent = try fixture.agent(
            script: "true",
            [
                (
                    "home",
                    CommandFixture.map([("login", CommandFixture.list([".bee/login", "other"]))])
                )
            ])

        let error = #expect(throws: AgentsError.self) {
            try fixture.house.takeLoginsBack(of: agent.definition, from: home)
        }

        #expect(error?.what.contains(fixture.house.operatorHome + "/.bee/login") == true)
        #expect(error?.why?.contains("No such file") == true)
        #expect(error?.advice?.contains(home + "/.bee/login") == true)
        #expect(try Files.read(home + "/.bee/login") == Array("new".utf8))

        try FileStatus.makeFolder(fixture.house.operatorHome + "/.bee", mode: 0o700)
        try fixture.house.takeLoginsBack(of: agent.definition, from: home)
        #expect(
            try Files.read(fixture.house.operatorHome + "/.bee/login") == Array("new".utf8))
    }

    @Test("A login lies where the operator's links lead")
    func followsOperatorsLinks() throws {
        let folder = TemporaryFolder()
        let (home, operators) = (folder.make("home"), folder.make("operator"))
        let files = folder.make("dotfiles")
        try Files.replace(files + "/login", with: Array("old".utf8), mode: 0o600)
        symlink(files, operators + "/.bee")
        try FileStatus.makeFolder(home + "/.bee", mode: 0o700)
        try Files.replace(home + "/.bee/login", with: Array("new".utf8), mode: 0o600)

        try OwnHome(home, of: nil).takeBack(".bee/login", to: operators)

        #expect(try Files.read(files + "/login") == Array("new".utf8))
    }

    @Test("An operator's home in a sandbox wants its program's files named")
    func operatorsHome() throws {
        let fixture = try CommandFixture()
        func agent(_ home: [(String, SettingsNode.Value)], _ level: String) throws {
            _ = try fixture.agent(
                script: "true", [("home", CommandFixture.map(home)), ("sandbox", .text(level))])
        }
        let mode = ("mode", SettingsNode.Value.text("operator"))

        #expect(throws: SettingsError.self) { try agent([mode], "workspace-write") }
        try agent([mode], "none")
        try agent([mode, ("login", CommandFixture.list([".agent/login"]))], "workspace-write")
        #expect(throws: SettingsError.self) {
            try agent([("login", CommandFixture.list(["../x"]))], "none")
        }
    }
}
