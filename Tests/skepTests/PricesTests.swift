import SkepCore
import Testing

@testable import skep

@Suite struct PricesTests {
    private let fixture = Fixture()

    private func read() -> (table: PriceTable, mistakes: [String]) {
        let mistakes = SettingsMistakes()
        let table = Prices.read(fixture.surroundings(), into: mistakes)
        return (table, mistakes.all.map { "\($0.location.line ?? 0): \($0.message)" })
    }

    @Test("What is built in is read without a mistake, and says when it was looked up")
    func builtIn() {
        let (table, mistakes) = read()

        #expect(mistakes == [])
        #expect(table.lookedUp.wholeMatch(of: /\d{4}-\d\d-\d\d/) != nil)
        #expect(
            table.cost(of: Usage(input: 1_000_000), model: "anthropic/claude-haiku-4-5-20251001")
                == Money(microdollars: 1_000_000))
        #expect(table.cost(of: Usage(input: 1), model: "some-model") == nil)
    }

    @Test("A table of one's own goes before, model by model")
    func own() throws {
        try fixture.write(
            "config/skep/prices.yaml",
            """
            looked_up: "2026-12-01"
            models:
              claude-haiku-4-5: {input: 2, output: 6}
              mine: {input: 0.50, cached: 0.05, output: 1}
            """)

        let (table, mistakes) = read()

        #expect(mistakes == [])
        #expect(table.lookedUp == "2026-12-01")
        #expect(
            table.cost(of: Usage(input: 1000, cachedInput: 1000), model: "mine")
                == Money(microdollars: 50))
        #expect(
            table.cost(of: Usage(output: 1000), model: "claude-haiku-4-5")
                == Money(microdollars: 6000))
        #expect(table.cost(of: Usage(output: 1000), model: "claude-opus-5") != nil)
    }

    @Test("Mistakes in it are told with their lines")
    func mistakes() throws {
        try fixture.write(
            "config/skep/prices.yaml",
            """
            looked_up: "2026-12-01"
            modles: {}
            models:
              a: {input: cheap, output: 1}
              b: {input: 1}
              c: {input: 1, output: 2, cashed: 1}
            """)

        let mistakes = read().mistakes.sorted()

        #expect(mistakes.map { $0.prefix(2) } == ["2:", "4:", "4:", "5:", "6:"])
        #expect(mistakes.contains("4: \"input\" is an amount such as 2.50, not \"cheap\""))
        #expect(mistakes.contains("5: \"b\" needs \"input\" and \"output\""))
    }
}
