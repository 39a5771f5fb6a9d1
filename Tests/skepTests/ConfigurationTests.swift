import Foundation
import SkepCore
import Testing

@testable import skep

@Suite struct ConfigurationTests {
    @Test("Nothing configured means the defaults")
    func defaults() throws {
        let fixture = Fixture()

        let configuration = try fixture.configuration()

        #expect(configuration.tracker == nil)
        #expect(configuration.repositories.isEmpty)
        #expect(configuration.stateFolder == "\(fixture.path)/home/.local/state/skep")
        #expect(configuration.leaseLength == .seconds(30))
        #expect(configuration.renewInterval == .seconds(10))
        #expect(configuration.slots == 4)
        #expect(configuration.agentUser == "skep-agent")
    }

    @Test("Later wins: the user's file, skep.yaml, the environment, flags")
    func precedence() throws {
        var fixture = Fixture()
        try fixture.write(
            "config/skep/config.yaml",
            "state: /one\nworker: {slots: 1, report_slots: 9}\nqueue: {lease_seconds: 60}\n")
        try fixture.write("skep.yaml", "state: /two\nworker: {slots: 2}\n")
        #expect(try fixture.configuration().slots == 2)
        #expect(try fixture.configuration().reportSlots == 9)
        #expect(try fixture.configuration().stateFolder == "/two")

        fixture.environment = [
            "SKEP_STATE": "/three", "SKEP_WORKER_SLOTS": "3", "SKEP_QUEUE_LEASE_SECONDS": "90",
            "SKEP_REPOSITORIES": "ada/engine, ada/mill",
        ]
        let configuration = try fixture.configuration()
        #expect(configuration.slots == 3)
        #expect(configuration.leaseLength == .seconds(90))
        #expect(configuration.stateFolder == "/three")
        #expect(configuration.repositories.map(\.name.description) == ["ada/engine", "ada/mill"])

        #expect(try fixture.configuration(flags: ["state": "/four"]).stateFolder == "/four")
    }

    @Test("Accounts have as many places as is said, and one that no agent has is a mistake")
    func accountPlaces() throws {
        var fixture = Fixture()
        try fixture.write("skep.yaml", "agents: {account_sessions: {house: 2}}\n")
        try fixture.write(
            "agents/ann.md",
            "---\nname: ann\nadapter: command\ncommand: [\"true\"]\nprovider: house\n---\nWork.\n")
        #expect(
            try fixture.configuration().accountPlaces == [ProviderAccount(rawValue: "house"): 2])
        #expect(fixture.complaint() == nil)

        fixture.environment["SKEP_AGENTS_ACCOUNT_SESSIONS"] = "hause=3"
        #expect(
            fixture.complaint()?.contains(
                "no agent has the account \"hause\"; did you mean \"house\"?") == true)
    }

    @Test("A key without a value changes nothing")
    func emptyValue() throws {
        let fixture = Fixture()
        try fixture.write("config/skep/config.yaml", "worker: {slots: 7}\n")
        try fixture.write("skep.yaml", "worker:\nstate:\n")

        #expect(try fixture.configuration().slots == 7)
    }

    @Test("--config is read in place of skep.yaml, and paths start from its folder")
    func namedFile() throws {
        let fixture = Fixture()
        try fixture.write("skep.yaml", "state: /wrong\n")
        try fixture.write(
            "other/house.yaml",
            "state: ./here\nrepositories: [{name: ada/engine, remote: ../engine.git}]\n")

        let configuration = try fixture.configuration(file: "other/house.yaml")

        #expect(configuration.stateFolder == "\(fixture.path)/other/here")
        #expect(configuration.repositories.first?.remote == "\(fixture.path)/engine.git")
    }

    @Test("A file that was named must be there")
    func missingNamedFile() {
        let error = #expect(throws: SettingsError.self) {
            try Fixture().configuration(file: "nowhere.yaml")
        }

        #expect(error?.mistakes.map(\.description) == ["nowhere.yaml: there is no such file"])
    }

    @Test("A slip in a variable's name is told, but not the token's variable")
    func variables() throws {
        var fixture = Fixture()
        try fixture.write(
            "skep.yaml",
            "tracker: {url: \"http://127.0.0.1:1\", token_env: SKEP_TRACKER_TOKEN_EVN}\n")
        fixture.environment = [
            "SKEP_TRACKER_TOKEN_EVN": "secret", "SKEP_WORKR_SLOTS": "3", "SKEP_OTHER_PROGRAM": "1",
        ]

        let error = #expect(throws: SettingsError.self) { try fixture.configuration() }

        #expect(
            error?.mistakes.map(\.description) == [
                "environment: there is no setting SKEP_WORKR_SLOTS; did you mean SKEP_WORKER_SLOTS?"
            ])
    }

    @Test("The state folder follows XDG, and root has one that others can reach")
    func stateFolder() {
        var fixture = Fixture()
        #expect(fixture.surroundings(userID: 0).standardStateFolder == "/var/lib/skep")

        fixture.environment["XDG_STATE_HOME"] = "/srv/state"
        #expect(fixture.surroundings(userID: 0).standardStateFolder == "/srv/state/skep")

        fixture.environment["XDG_STATE_HOME"] = "relative"
        #expect(
            fixture.surroundings().standardStateFolder == "\(fixture.path)/home/.local/state/skep")
    }

    @Test("Every key in the list is read, and no other is")
    func keysAreThoseRead() throws {
        var yaml = ""
        for (section, keys) in Dictionary(grouping: ConfigurationKey.all, by: { $0.parts[0] }) {
            guard keys[0].parts.count == 2 else {
                yaml += section == "repositories" ? "repositories: []\n" : "\(section): /x\n"
                continue
            }
            let pairs = keys.filter { !$0.path.hasSuffix("_file") }.map { key in
                "\(key.parts[1]): \(Self.example(key))"
            }
            yaml += "\(section): {\(pairs.joined(separator: ", "))}\n"
        }
        let fixture = Fixture()
        try fixture.write("skep.yaml", yaml)

        _ = try fixture.configuration()
    }

    private static func example(_ key: ConfigurationKey) -> String {
        switch key.path {
        case "tracker.url": "\"http://127.0.0.1:3000\""
        case "webhooks.listen": "\"127.0.0.1:8920\""
        default:
            switch key.form {
            case .numbers: "{x: 1}"
            case .texts: "[x]"
            case .integer: key.standard ?? "1"
            case .text: key.standard ?? "x"
            }
        }
    }

    @Test("What skep init writes is understood")
    func templateIsUnderstood() throws {
        let fixture = Fixture()
        let template = ConfigurationTemplate.text(stateFolder: "/var/lib/skep", isStandard: true)
        try fixture.write("skep.yaml", template)
        #expect(fixture.complaint() == nil)

        let uncommented =
            template
            .split(separator: "\n")
            .map {
                $0.hasPrefix("# ") && $0.contains(": ") && !$0.contains("Skep's")
                    ? $0.dropFirst(2) : $0
            }
            .joined(separator: "\n")
        try fixture.write("skep.yaml", uncommented)
        try fixture.write("agents/patch.md", "---\nname: p\nadapter: patch\n---\n")
        try fixture.write(
            "workflows/w.md",
            "---\nname: w\nsteps: [{name: work, kind: agent}, {name: out, kind: publish}]\n---\nDo.\n"
        )
        #expect(fixture.complaint() == nil)
        #expect(try fixture.configuration().stateFolder == "/var/lib/skep")
    }

    @Test("The files built in are those of the repository", arguments: ["agents", "workflows"])
    func embeddedFiles(folder: String) throws {
        let path = "\(repositoryFolder)/\(folder)"
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
            .filter(DefinitionFolder.isDefinition).sorted()

        let files =
            EmbeddedDefaults.files(in: folder) + EmbeddedDefaults.examples(in: folder).map(\.file)
        #expect(files.map(\.name).sorted() == names)
        for file in files {
            #expect(
                file.text == (try String(contentsOfFile: "\(path)/\(file.name)", encoding: .utf8)))
        }
    }

    @Test("Agents and workflows come from the first folder that there is")
    func definitionFolders() throws {
        let fixture = Fixture()
        func agents() throws -> [String] {
            try House.read(fixture.layers()).agents.map(\.definition.name.rawValue)
        }
        #expect(try agents().contains("claude"))

        try fixture.write("config/skep/agents/u.md", "---\nname: user\nadapter: patch\n---\n")
        #expect(try agents() == ["user"])

        // Without skep.yaml beside it a folder "agents" is anybody's.
        try fixture.write("agents/l.md", "---\nname: local\nadapter: patch\n---\n")
        #expect(try agents() == ["user"])
        try fixture.write("skep.yaml", "")
        #expect(try agents() == ["local"])

        try fixture.write("named/n.md", "---\nname: named\nadapter: patch\n---\n")
        try fixture.write("skep.yaml", "agents: {folder: named}\n")
        #expect(try agents() == ["named"])
    }
}

@Suite struct ConfigurationMistakeTests {
    @Test(
        "Endpoints without level isolated are a mistake: nothing would be held back",
        arguments: ["", "level: workspace-write, ", "level: none, "])
    func endpointsOfOpenSandbox(level: String) throws {
        let fixture = Fixture()
        try fixture.write("skep.yaml", "")
        try fixture.write(
            "agents/a.md",
            "---\nname: a\nadapter: patch\nsandbox: {\(level)endpoints: [\"127.0.0.1:3977\"]}\n---\n"
        )

        let complaint = try #require(fixture.complaint())

        #expect(complaint.contains("agents/a.md:4: \"endpoints\" count with level isolated only"))
        #expect(complaint.contains("say \"level: isolated\", or leave them out"))
    }

    @Test("Endpoints of level isolated are taken; of a mistyped level only that is told")
    func endpointsOfIsolated() throws {
        let fixture = Fixture()
        try fixture.write("skep.yaml", "")
        func complaint(_ level: String) throws -> String? {
            try fixture.write(
                "agents/a.md",
                "---\nname: a\nadapter: patch\n"
                    + "sandbox: {level: \(level), endpoints: [\"a.example:443\"]}\n---\n")
            return fixture.complaint()
        }

        #expect(try complaint("isolated")?.contains("endpoints") != true)
        #expect(try #require(try complaint("isolatd")).contains("endpoints\" count") == false)
    }

    @Test("The page that is named is the one of the file that is wrong")
    func advice() {
        func advice(_ sources: String...) -> String? {
            SettingsError(
                mistakes: sources.map {
                    SettingsMistake("no", at: SettingsLocation(source: $0, line: 1))
                }
            ).advice
        }

        #expect(advice("skep.yaml") == "docs/configuration.md has every key.")
        #expect(advice("agents/a.md")?.hasPrefix("docs/write-an-agent.md") == true)
        #expect(advice("flags", "agents/a.md")?.contains(".\ndocs/write-an-agent.md") == true)
    }

    @Test("A file system that is only read is told as such, and not as another user's")
    func readOnlyState() {
        #expect(StateFolder.openingAdvice(EROFS).contains("have the file system writable"))
        #expect(StateFolder.openingAdvice(EACCES) == StateFolder.otherUserAdvice)
    }

    private func mistakes(_ fixture: Fixture) -> [String] {
        do {
            _ = try House.read(fixture.layers(), program: SelfProgram(path: "/opt/skep/bin/skep"))
            return []
        } catch {
            return (error as? SettingsError)?.mistakes.map(\.description) ?? ["\(error)"]
        }
    }

    @Test("A file that isn't a map is a mistake", arguments: ["tracker", "- tracker", "3"])
    func noMap(text: String) throws {
        let fixture = Fixture()
        try fixture.write("skep.yaml", text + "\n")

        #expect(
            mistakes(fixture) == ["skep.yaml:1: the configuration must be a map of keys and values"]
        )
    }

    @Test("A byte order mark at a file's beginning is nothing")
    func byteOrderMark() throws {
        let fixture = Fixture()
        try fixture.write("skep.yaml", "\u{FEFF}worker: {slots: 7}\n")

        #expect(try fixture.configuration().slots == 7)
    }

    @Test("A key that stands twice is told where it stands again")
    func twice() throws {
        let fixture = Fixture()
        try fixture.write("skep.yaml", "worker:\n  slots: 1\nlog: {}\n\"worker\": {slots: 2}\n")

        #expect(mistakes(fixture) == ["skep.yaml:4: \"worker\" stands there twice"])
    }

    @Test("A wrong value from the environment is told with its variable")
    func variable() throws {
        var fixture = Fixture()
        fixture.environment = ["SKEP_WORKER_SLOTS": "0"]

        #expect(
            mistakes(fixture) == [
                "environment SKEP_WORKER_SLOTS: \"slots\" must be 1 to 1000, not 0"
            ])
    }

    @Test("Known keys are named once each")
    func knownOnce() throws {
        let fixture = Fixture()
        try fixture.write("skep.yaml", "nonsense: 1\nstate: /x\n")

        let text = try #require(mistakes(fixture).first)
        #expect(text.components(separatedBy: " state").count == 2)
    }

    @Test("Mistakes within an agent's settings have the line they are on")
    func nestedLines() throws {
        let fixture = Fixture()
        try fixture.write("skep.yaml", "")
        try fixture.write(
            "agents/a.md",
            """
            ---
            name: a
            adapter: command
            home:
              link:
                - .ok
                - ../up
            secrets:
              GOOD: env
              BAD: hunter2
            limits:
              minutes: 1
              seconds: 5
            command: sh -c foo
            ---
            Work.
            """)
        try fixture.write(
            "workflows/w.md",
            """
            ---
            name: w
            agents:
              by: [label]
              default: nobody
            steps: [{name: work, kind: agent}]
            ---
            Do.
            """)

        #expect(
            mistakes(fixture) == [
                "agents/a.md:7: \"link\" holds paths below the home folder, not \"../up\"",
                "agents/a.md:10: the secret \"BAD\" must be env, env:NAME, file:PATH or command:PROGRAM ARGUMENTS; a secret's value doesn't belong here",
                "agents/a.md:13: minutes or seconds, not both",
                "agents/a.md:14: \"command\" must be a list: [sh, -c, foo]",
                "workflows/w.md:5: there is no agent \"nobody\"; there are a",
            ])
    }
}

@Suite struct ConfigurationGoldenTests {
    @Test("All mistakes of all files are told at once")
    func everyMistake() throws {
        var fixture = Fixture()
        fixture.environment = ["SKEP_LOG_LEVL": "info"]
        try fixture.write("config/skep/config.yaml", "queue: {lease_seconds: soon}\nstate: [a]\n")
        try fixture.write(
            "skep.yaml",
            """
            tracker:
              kind: gitaea
              tokn_env: X
            repositories:
              - ada/engine
              - engine
              - {name: ada/mill, remote: "ssh://x/y", colour: red}
            worker:
              slots: 0
              report_slot: 3
            queue: {renew_seconds: 20}
            dispach: {}
            log: {level: loud}

            """)
        try fixture.write(
            "agents/a.md",
            "---\nname: a b\nadapter: comand\nconcurency: 2\nsecrets: {KEY: hunter2}\n---\nWork.\n")
        try fixture.write("agents/b.md", "name: b\n")
        try fixture.write(
            "workflows/w.md",
            """
            ---
            name: w
            agents: {default: nobody}
            steps:
              - {name: work, kind: agnet}
            ---
            Resolve {{ issue.titel }}.

            """)

        try expectGolden(try #require(fixture.complaint()), "mistakes.txt")
    }

    @Test("Each setting is shown with the place it was set at")
    func settingsInForce() throws {
        var fixture = Fixture()
        fixture.environment = ["SKEP_WORKER_SLOTS": "8", "TOKEN": "hunter2"]
        try fixture.write("config/skep/config.yaml", "log: {level: info}\n")
        try fixture.write(
            "skep.yaml",
            Fixture.tracker + "repositories: [ada/engine, {name: ada/mill, remote: /m}]\n")
        let layers = fixture.layers(flags: ["state": "/srv/skep"])

        let settings = SettingInForce.all(layers.merged(into: SettingsMistakes()), layers)

        let text = settings.map { "\($0.key) = \($0.value ?? "-") (\($0.source))\n" }.joined()
        #expect(!text.contains("hunter2"))
        try expectGolden(text, "settings.txt")
    }
}
