import SkepCore
import Testing

@Suite("Template")
struct TemplateTests {
    private func template(_ text: String, _ mistakes: SettingsMistakes = SettingsMistakes())
        -> Template
    {
        Template(
            text, names: ["issue.title", "issue.body"],
            at: SettingsLocation(source: "fix.md", line: 10), mistakes: mistakes)
    }

    @Test("Names are filled in, and braces in what is filled in mean nothing")
    func filling() {
        let filled = template("{{issue.title}}: {{ issue.body }}!").filled(with: [
            "issue.title": "{{ issue.body }}", "issue.body": "$(rm -rf /) `id` {{ secret }}",
        ])

        #expect(filled == "{{ issue.body }}: $(rm -rf /) `id` {{ secret }}!")
    }

    @Test("An unknown name and a brace that isn't closed are mistakes with their lines")
    func mistakes() {
        let mistakes = SettingsMistakes()

        _ = template("one\n{{ issue.titel }}\n\n{{ issue.body", mistakes)

        #expect(
            mistakes.all.map(\.description) == [
                "fix.md:11: there is no \"issue.titel\" to fill in; did you mean \"issue.title\"?",
                "fix.md:13: \"{{\" is never closed with \"}}\"",
            ])
    }

    @Test("A text of a megabyte is filled in whole")
    func largeText() {
        let body = String(repeating: "ä{{", count: 300_000)

        let filled = template("{{ issue.body }}").filled(with: ["issue.body": body])

        #expect(filled == body)
    }
}
