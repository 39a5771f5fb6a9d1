import SkepCore
import Testing

@Suite("Settings reader")
struct SettingsReaderTests {
    private let place = SettingsLocation(source: "skep.yaml", line: 1)

    private func map(_ entries: [(String, SettingsNode.Value)]) -> SettingsNode {
        let entries = entries.enumerated().map { index, entry in
            let line = SettingsLocation(source: "skep.yaml", line: index + 2)
            return SettingsNode.Entry(
                key: entry.0, keyLocation: line, value: SettingsNode(entry.1, at: line))
        }
        return SettingsNode(.map(entries), at: place)
    }

    @Test("All mistakes are told at once, each with its line and the nearest known key")
    func allMistakesAtOnce() {
        let mistakes = SettingsMistakes()
        let reader = SettingsReader(
            map([
                ("leese_seconds", .integer(30)), ("slots", .text("many")), ("slots", .integer(0)),
                ("mode", .text("fast")), ("nonsense", .boolean(true)),
            ]), of: "the queue", mistakes: mistakes)

        _ = reader.integer("lease_seconds", in: 3...3600)
        _ = reader.integer("slots", in: 1...64)
        _ = reader.choice("mode", Workflow.Ask.self)
        _ = reader.requiredText("name")
        reader.finish()

        let error = #expect(throws: SettingsError.self) { try mistakes.check() }
        #expect(
            error?.mistakes.map(\.description) == [
                "skep.yaml:1: the queue needs \"name\"",
                "skep.yaml:2: the queue has no key \"leese_seconds\"; did you mean \"lease_seconds\"?",
                "skep.yaml:4: \"slots\" stands there twice",
                "skep.yaml:4: \"slots\" must be 1 to 64, not 0",
                "skep.yaml:5: \"mode\" must be one of assignee, label, comment",
                "skep.yaml:6: the queue has no key \"nonsense\"; known are lease_seconds, mode, name, slots",
            ])
    }

    @Test("One text counts as a list of it, and null as nothing")
    func lenientForms() {
        let mistakes = SettingsMistakes()
        let reader = SettingsReader(
            map([("run", .text("make test")), ("labels", .null)]), of: "a step",
            mistakes: mistakes)

        #expect(reader.texts("run") == ["make test"])
        #expect(reader.texts("labels") == nil)
        reader.finish()
        #expect(throws: Never.self) { try mistakes.check() }
    }

    @Test(
        "The nearest word is found when it is a slip, and none when it isn't",
        arguments: [
            ("agnet", "agent"), ("comand", "command"), ("LABELS", "labels"), ("secret", "secrets"),
        ])
    func nearestWord(slip: String, meant: String) {
        #expect(nearest(to: slip, among: ["agent", "command", "labels", "secrets"]) == meant)
        #expect(nearest(to: "zebra", among: ["agent", "command"]) == nil)
    }
}
