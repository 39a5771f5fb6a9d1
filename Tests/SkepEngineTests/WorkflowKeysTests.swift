import SkepCore
import SkepEngine
import SkepQueue
import Testing

@Suite("Keys of workflow files")
struct WorkflowKeysTests {
    private typealias Map = KeyValuePairs<String, Any>

    /// A tree of settings; each key is on a line of its own.
    private func node(_ value: Any, _ line: inout Int) -> SettingsNode {
        let place = SettingsLocation(source: "fix.md", line: line)
        switch value {
        case let map as Map:
            var entries: [SettingsNode.Entry] = []
            for (key, value) in map {
                line += 1
                let keyPlace = SettingsLocation(source: "fix.md", line: line)
                entries.append(.init(key: key, keyLocation: keyPlace, value: node(value, &line)))
            }
            return SettingsNode(.map(entries), at: place)
        case let list as [Any]:
            return SettingsNode(.list(list.map { node($0, &line) }), at: place)
        case let flag as Bool: return SettingsNode(.boolean(flag), at: place)
        case let number as Int: return SettingsNode(.integer(number), at: place)
        default: return SettingsNode(.text("\(value)"), at: place)
        }
    }

    private static var work: Map { ["name": "work", "kind": "agent"] }
    private static var publish: Map { ["name": "publish", "kind": "publish"] }

    private func read(
        _ keys: Map, steps: [Map]? = [work, publish], body: String = "Fix {{ issue.title }}",
        prompts: [String: WorkflowCatalog.PromptFile] = [:]
    ) -> (workflow: Workflow?, mistakes: [String]) {
        var line = 1
        let mistakes = SettingsMistakes()
        var entries: [SettingsNode.Entry] = []
        let name: Map = ["name": "fix"]
        let list: Map = steps.map { ["steps": $0] } ?? [:]
        for map in [name, keys, list] {
            guard case .map(let some) = node(map, &line).value else { continue }
            entries += some
        }
        let workflow = WorkflowCatalog.read(
            frontMatter: SettingsNode(
                .map(entries), at: SettingsLocation(source: "fix.md", line: 1)),
            body: body, bodyLocation: SettingsLocation(source: "fix.md", line: 40),
            prompts: prompts, into: mistakes)
        return (workflow, mistakes.all.map(\.message))
    }

    @Test("Schedule, hours, feedback, chooser and burn-down are read")
    func everything() throws {
        let keys: Map = [
            "agents": ["by": ["comment"], "default": "claude"] as Map,
            "schedule": [
                "cron": "0 22 * * 1-5", "time_zone": "Europe/Berlin", "missed": "run_once",
            ]
                as Map,
            "hours": ["from": "22:00", "to": "06:30", "days": ["mon", "Sun"], "time_zone": "UTC"]
                as Map,
            "feedback": ["from": ["reviews"], "rounds": 5, "quiet_seconds": 10] as Map,
            "choose": ["by": "codex"] as Map,
            "burndown": [
                "labels": ["ready"], "until": "06:00", "max_issues": 9, "agents": ["kimi"],
                "at_end": "stop", "report": "acme/widgets#12",
            ] as Map,
        ]
        let (workflow, mistakes) = read(keys)

        #expect(mistakes == [])
        let fix = try #require(workflow)
        #expect(fix.asks == [.comment])
        #expect(fix.schedule?.timing == .cron("0 22 * * 1-5", timeZone: "Europe/Berlin"))
        #expect(fix.schedule?.missed == .runOnce)
        #expect(fix.hours == RunningHours(from: 1320, to: 390, days: [1, 7], timeZone: "UTC"))
        #expect(
            fix.feedback
                == FeedbackSettings(sources: [.reviews], rounds: 5, quiet: .seconds(10)))
        #expect(fix.chooser == "codex")
        let burndown = try #require(fix.burndown)
        #expect(burndown.until == 360)
        #expect(burndown.timeZone == "Europe/Berlin")
        #expect(burndown.settings.workflow == "fix")
        #expect(burndown.settings.atEnd == .stop)
        #expect(
            burndown.settings.reportTo
                == .comment(try #require(IssueReference("acme/widgets#12"))))
    }

    @Test(
        "A burn-down whose issues go through another workflow needs no steps, and nobody asks for it"
    )
    func planOnly() throws {
        let (workflow, mistakes) = read(
            [
                "schedule": ["every_minutes": 30] as Map,
                "burndown": ["workflow": "mend"] as Map,
            ], steps: nil, body: "")

        #expect(mistakes == [])
        #expect(workflow?.asks == [])
        #expect(workflow?.burndown?.settings.workflow == "mend")
        #expect(workflow?.feedback == FeedbackSettings())
    }

    @Test("A review step is read with its prompt, a commands step with its reports")
    func steps() throws {
        let review: Map = [
            "name": "review", "kind": "review", "by": ["codex", "claude"], "count": 1,
            "prompt": "review.md", "on": ["changes_requested": "work"] as Map, "rounds": 3,
            "at_cap": "publish", "read_only": true,
        ]
        let checks: Map = [
            "name": "checks", "kind": "commands", "run": "make test", "junit": ["build/*.xml"],
        ]
        let place = SettingsLocation(source: "review.md", line: 1)
        let (workflow, mistakes) = read(
            ["feedback": false], steps: [Self.work, checks, review, Self.publish],
            prompts: ["review.md": ("Look at {{ diff }} of {{ author.name }}", place)])

        #expect(mistakes == [])
        #expect(workflow?.feedback.sources == [])
        let step = try #require(workflow?.step("review"))
        #expect(step.reviewers == ["codex", "claude"])
        #expect(step.reviewerCount == 1)
        #expect(step.isReadOnly)
        #expect(workflow?.step("work")?.isReadOnly == false)
        #expect(step.rounds == 3)
        #expect(step.prompt?.uses("diff") == true)
        #expect(step.onOutcome == ["changes_requested": "work", "at_cap": "publish"])
        #expect(workflow?.step("checks")?.testReports == ["build/*.xml"])
    }

    @Test("A workflow that chooses stands alone, with a prompt of its own names")
    func choose() throws {
        let choose: Map = ["name": "choose", "kind": "choose"]

        #expect(read([:], steps: [choose], body: "Choose of {{ candidates }}").mistakes == [])
        #expect(
            read([:], steps: [choose, Self.publish]).mistakes
                == ["a step of kind choose stands alone"])
    }

    @Test("Where no workflow is named, it is none that nobody asks for")
    func standard() throws {
        let fix = try #require(read([:]).workflow)
        let plan = try #require(
            read(
                [
                    "schedule": ["every_minutes": 30] as Map,
                    "burndown": ["workflow": "mend"] as Map,
                ],
                steps: nil, body: ""
            ).workflow)

        #expect(WorkflowCatalog.standard(of: [plan, fix])?.asks == fix.asks)
        #expect(WorkflowCatalog.standard(of: [plan]) == nil)
    }

    @Test("What is wrong or contradicts itself is told as text", arguments: cases)
    fileprivate func mistakes(_ wrong: Wrong) {
        let found = read(wrong.keys, steps: wrong.steps).mistakes

        #expect(
            found.contains { $0.contains(wrong.message) },
            "\(wrong.message) is missing in \(found)")
    }

    fileprivate struct Wrong: @unchecked Sendable {  // Literals that nobody changes.
        let message: String
        var keys: KeyValuePairs<String, Any> = [:]
        var steps: [KeyValuePairs<String, Any>] = [work, publish]

        init(_ message: String, _ keys: KeyValuePairs<String, Any>) {
            self.message = message
            self.keys = keys
        }

        /// Ann works by default.
        init(_ message: String, step: KeyValuePairs<String, Any>) {
            self.message = message
            keys = ["agents": ["default": "ann"] as Map]
            steps = [work, step, publish]
        }
    }

    private static let cases: [Wrong] = [
        Wrong("has no key \"shedule\"; did you mean \"schedule\"?", ["shedule": 1]),
        Wrong("needs \"select\" or \"burndown\"", ["schedule": ["every_minutes": 5] as Map]),
        Wrong(
            "cron or every_minutes, not both",
            [
                "schedule": ["every_minutes": 5, "cron": "* * * * *"] as Map
            ]),
        Wrong("\"schedule\" needs \"cron\" or \"every_minutes\"", ["schedule": [:] as Map]),
        Wrong("In its hour", ["schedule": ["cron": "0 25 * * *"] as Map]),
        Wrong("never comes", ["schedule": ["cron": "0 0 30 2 *"] as Map]),
        Wrong(
            "There is no time zone \"Europe/Berlim\"",
            [
                "schedule": ["cron": "@daily", "time_zone": "Europe/Berlim"] as Map
            ]),
        Wrong(
            "\"missed\" must be one of skip, run_once",
            [
                "schedule": ["cron": "0 0 * * *", "missed": "all"] as Map
            ]),
        Wrong("a window that never opens", ["hours": ["from": "22:00", "to": "22:00"] as Map]),
        Wrong("in quotes", ["hours": ["from": 1320, "to": "06:00"] as Map]),
        Wrong(
            "\"days\" can hold mon",
            [
                "hours": ["from": "1:00", "to": "06:00", "days": ["monday"]] as Map
            ]),
        Wrong("\"to\" is missing", ["hours": ["from": "22:00"] as Map]),
        Wrong("\"from\" can hold reviews, comments", ["feedback": ["from": ["mail"]] as Map]),
        Wrong(
            "choose has no key \"agent\"",
            [
                "choose": ["by": "a", "agent": "b"] as Map
            ]),
        Wrong("\"burndown\" needs a \"schedule\"", ["burndown": ["agents": ["a"]] as Map]),
        Wrong(
            "nobody would work",
            [
                "schedule": ["every_minutes": 5] as Map, "burndown": [:] as Map,
            ]),
        Wrong(
            "\"report\" must be issue, file or an issue such as \"owner/name#12\", not \"#12\"",
            [
                "burndown": ["report": "#12"] as Map
            ]),
        Wrong(
            "ann works by default, and can't choose",
            [
                "agents": ["default": "ann"] as Map, "choose": ["by": "ann"] as Map,
            ]),
        Wrong("needs \"by\"", step: ["name": "r", "kind": "review"]),
        Wrong(
            "nobody would review: \"by\" names only ann",
            step: ["name": "r", "kind": "review", "by": ["ann"]]),
        Wrong(
            "\"bob\" reviews twice", step: ["name": "r", "kind": "review", "by": ["bob", "bob"]]),
        Wrong(
            "\"count\" asks for 2 reviews, and \"by\" names 1 agents",
            step: ["name": "r", "kind": "review", "by": ["bob"], "count": 2]),
        Wrong(
            "\"rounds\" has no meaning without \"on\": {changes_requested: STEP}",
            step: ["name": "r", "kind": "review", "by": ["bob"], "rounds": 2]),
        Wrong(
            "there is no prompt file \"r.md\"",
            step: ["name": "r", "kind": "review", "by": ["bob"], "prompt": "r.md"]),
        Wrong(
            "on has no key \"failed\"",
            step: ["name": "r", "kind": "review", "by": ["bob"], "on": ["failed": "work"] as Map]),
        Wrong(
            "\"at_cap\" has no meaning without \"on\"",
            step: ["name": "r", "kind": "review", "by": ["bob"], "at_cap": "publish"]),
        Wrong(
            "\"at_cap\" names a step that comes later",
            step: [
                "name": "r", "kind": "review", "by": ["bob"], "at_cap": "work",
                "on": ["changes_requested": "work"] as Map,
            ]),
        Wrong(
            "it must go back to a step of kind agent",
            step: [
                "name": "r", "kind": "review", "by": ["bob"],
                "on": ["changes_requested": "publish"] as Map,
            ]),
        Wrong(
            "\"junit\" holds paths below the working tree, not \"../a.xml\"",
            step: ["name": "c", "kind": "commands", "run": "make", "junit": ["../a.xml"]]),
    ]
}
