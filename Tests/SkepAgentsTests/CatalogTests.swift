import SkepAgents
import SkepCore
import Testing

@Suite("The catalogue of agents")
struct CatalogTests {
    private func mistakes(_ keys: [(String, SettingsNode.Value)]) throws -> [String] {
        let fixture = try CommandFixture()
        do {
            _ = try fixture.agent(keys)
            return []
        } catch let error as SettingsError {
            return error.mistakes.map(\.message)
        }
    }

    @Test("An unknown adapter is told with the nearest one")
    func refusesUnknownAdapter() throws {
        #expect(
            try mistakes([("adapter", .text("comand"))])
                == ["there is no adapter \"comand\"; did you mean \"command\"?"])
    }

    @Test("An unknown key is told with the nearest one, an adapter's own among them")
    func refusesUnknownKey() throws {
        #expect(
            try mistakes([("command", CommandFixture.list(["x"])), ("modell", .text("m"))])
                == ["an agent has no key \"modell\"; did you mean \"model\"?"])
    }

    @Test("A command agent needs a command")
    func needsCommand() throws {
        #expect(
            try mistakes([])
                == ["there is no \"command\": a list of the program and its arguments"])
    }

    @Test("An unknown place in a command is told with the nearest one")
    func refusesUnknownPlace() throws {
        #expect(
            try mistakes([("command", CommandFixture.list(["x", "{promt}"]))])
                == ["there is no place {promt}; did you mean {prompt}?"])
    }

    @Test("A place for a model needs a model")
    func needsModel() throws {
        #expect(
            try mistakes([("command", CommandFixture.list(["x", "{model}"]))])
                == ["the command has {model}, but there is no \"model\""])
    }

    @Test("The patch adapter has no command of its own to be changed")
    func refusesCommandOfPatch() throws {
        let found = try mistakes([
            ("adapter", .text("patch")), ("command", CommandFixture.list(["x"])),
        ])
        #expect(found.first?.hasPrefix("an agent has no key \"command\"") == true)
    }
}
