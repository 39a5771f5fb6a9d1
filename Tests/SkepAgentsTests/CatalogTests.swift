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

    @Test("A budget that can't hold is told of: without usage, or without a price")
    func looseBudgets() throws {
        let fixture = try CommandFixture()
        let million = Money(microdollars: 1_000_000)
        let prices = PriceTable(["known": PriceTable.Price(input: million, output: million)])
        func words(_ adapter: String, _ budget: String, model: String? = nil) throws -> String? {
            let budgets = CommandFixture.map([
                (
                    "day",
                    CommandFixture.map([(budget, budget == "usd" ? .text("20") : .integer(20))])
                )
            ])
            let agent = try fixture.agent(
                [("adapter", .text(adapter)), ("budgets", budgets)]
                    + (model.map { [("model", .text($0))] } ?? [])
                    + (adapter == "codex" ? [] : [("command", CommandFixture.list(["x"]))]))
            return try #require(agent as? any InspectableAgent).looseBudgets(prices)
        }

        #expect(try words("command", "usd")?.contains("doesn't tell what it uses") == true)
        #expect(try words("command", "tokens") != nil)
        #expect(try words("command", "minutes") == nil)
        #expect(try words("acp", "usd", model: "own")?.contains("model \"own\"") == true)
        #expect(try words("acp", "tokens", model: "own") == nil)
        #expect(try words("codex", "usd", model: "known") == nil)
        #expect(try words("codex", "usd") == nil)
    }

    @Test("Budgets are read with all that they may hold")
    func readsBudgets() throws {
        let run = CommandFixture.map([
            ("tokens", .integer(2_000_000)), ("usd", .text("2.50")), ("minutes", .integer(90)),
            ("output_mb", .integer(256)),
        ])
        let budgets = CommandFixture.map([("run", run), ("warn_percent", .integer(50))])
        let agent = try CommandFixture().agent(script: "true", [("budgets", budgets)])

        let read = agent.definition.budgets
        #expect(
            read.run
                == Budget(
                    tokens: 2_000_000, money: Money(microdollars: 2_500_000), time: .seconds(5400),
                    outputBytes: 256 << 20))
        #expect(read.run.words == "2,000,000 tokens, $2.50, 90 minutes, 256 MiB of output")
        #expect(read.day.isUnlimited && read.issue.isUnlimited)
        #expect(read.warnsAtPercent == 50)
    }
}
