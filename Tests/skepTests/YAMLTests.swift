import SkepCore
import Testing

@testable import skep

@Suite struct YAMLTests {
    private func read(_ text: String, firstLine: Int = 1) -> (SettingsNode?, [String]) {
        let mistakes = SettingsMistakes()
        let node = YAML.read(text, source: "a.yaml", firstLine: firstLine, into: mistakes)
        return (node, mistakes.all.map(\.description))
    }

    @Test("Every node knows its line")
    func linesAreKept() throws {
        let (node, mistakes) = read("a: 1\nb:\n  - x\n  - {c: true}\n")

        #expect(mistakes.isEmpty)
        let tree = try #require(node)
        #expect(ConfigurationLayers.node("a", in: tree)?.location.line == 1)
        guard case .list(let items)? = ConfigurationLayers.node("b", in: tree)?.value else {
            Issue.record("b is no list")
            return
        }
        #expect(items.map(\.location.line) == [3, 4])
    }

    @Test(
        "A plain scalar is what YAML 1.2 says it is",
        arguments: [
            ("12", .integer(12)), ("-3", .integer(-3)), ("1.5", .number(1.5)),
            ("1e3", .number(1000)), ("true", .boolean(true)), ("yes", .text("yes")),
            ("~", .null), ("007", .text("007")), ("0", .integer(0)), ("1.2.3", .text("1.2.3")),
            ("inf", .text("inf")), ("0x10", .text("0x10")), ("-", .text("-")),
            ("99999999999999999999", .text("99999999999999999999")),
        ] as [(String, SettingsNode.Value)])
    func scalars(text: String, value: SettingsNode.Value) {
        #expect(YAML.scalar(text) == value)
    }

    @Test("What is quoted is text")
    func quotedIsText() throws {
        let (node, _) = read("a: \"12\"\n")

        #expect(ConfigurationLayers.text("a", in: try #require(node)) == "12")
    }

    @Test("An empty file has no settings and no mistakes", arguments: ["", "# nothing\n", "\n\n"])
    func emptyIsEmpty(text: String) {
        let (node, mistakes) = read(text)

        #expect(node?.value == .map([]) || node?.value == .null)
        #expect(mistakes.isEmpty)
    }

    @Test(
        "What isn't understood is told with its line",
        arguments: [
            ("a: 1\nb: [1, 2\nc: 3\n", "a.yaml:3: this isn't YAML"),
            ("a: 1\n\tb: 2\n", "a.yaml:2: this isn't YAML"),
            ("x: 1\na: 1\na: 2\n", "a.yaml:3: \"a\" stands there twice"),
            ("a: &x 1\nb: *x\n", "a.yaml:1: anchors and aliases aren't understood"),
            ("a: *nowhere\n", "a.yaml:1: this isn't YAML: found undefined alias"),
            ("a: 1\n---\nb: 2\n", "a.yaml:2: this isn't YAML: but found another document"),
            ("{[1]: 2}\n", "a.yaml:1: a key must be a text"),
            ("a: 1\n<<: {b: 1}\n", "a.yaml:2: merging with \"<<\" isn't understood"),
        ])
    func mistakesHaveLines(text: String, beginning: String) throws {
        let (_, mistakes) = read(text)

        #expect(try #require(mistakes.first).hasPrefix(beginning))
        #expect(mistakes.count == 1)
    }

    @Test("Aliases of aliases don't unfold")
    func noBillionLaughs() {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...40 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }

        let (_, mistakes) = read(text)

        #expect(mistakes.count == 41)
    }
}

@Suite struct FrontMatterTests {
    private func read(_ text: String) -> (FrontMatter?, [String]) {
        let mistakes = SettingsMistakes()
        let parts = FrontMatter(text, source: "a.md", into: mistakes)
        return (parts, mistakes.all.map(\.description))
    }

    @Test("Settings and text are split, and both know their lines", arguments: ["\n", "\r\n"])
    func split(lineEnd: String) throws {
        let lines = [
            "---", "name: x", "limits:", "  minutes: 5", "---", "", "Do it.", "", "Well.", "",
        ]

        let (parts, mistakes) = read(lines.joined(separator: lineEnd))

        #expect(mistakes.isEmpty)
        let found = try #require(parts)
        #expect(found.body == "Do it.\n\nWell.")
        #expect(found.bodyLocation.line == 7)
        #expect(
            ConfigurationLayers.node("limits.minutes", in: found.settings)?.location.line == 4)
    }

    @Test("A rule of dashes in the text is text")
    func dashesInBody() throws {
        let (parts, _) = read("---\nname: x\n---\nabove\n\n---\n\nbelow\n")

        #expect(try #require(parts).body == "above\n\n---\n\nbelow")
    }

    @Test(
        "What has no front matter says so",
        arguments: [
            ("", "a.md:1: it must begin with a line \"---\", settings and another \"---\""),
            (
                "name: x\n",
                "a.md:1: it must begin with a line \"---\", settings and another \"---\""
            ),
            ("---\nname: x\n", "a.md:1: the settings that begin here have no \"---\" at their end"),
        ])
    func missing(text: String, message: String) {
        let (parts, mistakes) = read(text)

        #expect(parts == nil)
        #expect(mistakes == [message])
    }

    @Test("A byte order mark doesn't matter")
    func byteOrderMark() {
        let (parts, mistakes) = read("\u{FEFF}---\nname: x\n---\nDo it.\n")

        #expect(mistakes.isEmpty)
        #expect(parts?.body == "Do it.")
    }
}
