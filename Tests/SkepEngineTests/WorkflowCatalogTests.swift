import SkepCore
import SkepEngine
import SkepQueue
import Testing

@Suite("Workflow files")
struct WorkflowCatalogTests {
    private func node(_ value: SettingsNode.Value, _ line: Int) -> SettingsNode {
        SettingsNode(value, at: SettingsLocation(source: "fix.md", line: line))
    }

    private func map(_ line: Int, _ entries: [(String, SettingsNode.Value)]) -> SettingsNode {
        let entries = entries.enumerated().map { index, entry in
            SettingsNode.Entry(
                key: entry.0,
                keyLocation: SettingsLocation(source: "fix.md", line: line + index),
                value: node(entry.1, line + index))
        }
        return node(.map(entries), line)
    }

    private func read(_ front: SettingsNode, _ body: String = "Fix {{ issue.title }}")
        -> (Workflow?, [String])
    {
        let mistakes = SettingsMistakes()
        let workflow = WorkflowCatalog.read(
            frontMatter: front, body: body,
            bodyLocation: SettingsLocation(source: "fix.md", line: 20), into: mistakes)
        return (workflow, mistakes.all.map(\.description))
    }

    @Test("A workflow is read with its defaults")
    func defaults() throws {
        let work = map(3, [("name", .text("work")), ("kind", .text("agent"))])
        let (workflow, mistakes) = read(
            map(1, [("name", .text("fix")), ("steps", .list([work]))]))

        #expect(mistakes == [])
        let fix = try #require(workflow)
        #expect(fix.asks == [.assignee, .label, .comment])
        #expect(fix.selection == nil)
        #expect(fix.steps.first?.maxFailures == 3)
        #expect(fix.branch.source == "{{ agent.name }}/issue-{{ issue.number }}")
    }

    @Test("Everything that is wrong in a workflow is told at once")
    func mistakes() {
        let work = map(
            6, [("name", .text("work")), ("kind", .text("agnet")), ("sandbox", .text("x"))])
        let checks = map(
            9,
            [
                ("name", .text("checks")), ("kind", .text("commands")),
                (
                    "on",
                    .map([
                        SettingsNode.Entry(
                            key: "failed",
                            keyLocation: SettingsLocation(source: "fix.md", line: 11),
                            value: node(.text("wrok"), 11))
                    ])
                ),
            ])
        let (workflow, mistakes) = read(
            map(
                1,
                [
                    ("name", .text("fix")), ("branch", .text("skep/{{ agent.name }}")),
                    ("select", .map([])), ("steps", .list([work, checks])), ("colour", .text("x")),
                ]), "Fix {{ issue.titel }}")

        #expect(workflow == nil)
        let text = mistakes.joined(separator: "\n")
        for part in [
            "the branch's name needs {{ issue.number }}",
            "\"select\" needs \"labels\"",
            "\"select\" needs a default agent",
            "there is no step kind \"agnet\"; did you mean \"agent\"?",
            "a step of kind commands needs \"run\"",
            "there is no step \"wrok\" to go on with",
            "the first step must be of kind agent",
            "the workflow has no key \"colour\"",
            "fix.md:20: there is no \"issue.titel\" to fill in; did you mean \"issue.title\"?",
        ] {
            #expect(text.contains(part), "\(part) is missing in:\n\(text)")
        }
    }
}
