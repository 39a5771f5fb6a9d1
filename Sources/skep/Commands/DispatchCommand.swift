import ArgumentParser
import Logging
import SkepCore
import SkepEngine
import SkepQueue
import SkepStore

struct DispatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dispatch",
        abstract: "Have agents work on issues",
        discussion: """
            Each agent gets a run and a branch of its own. The work goes into the queue; "skep serve" \
            does it.

            Where a gate is shut (the issue is held, depends on others, limits are reached) the ask is \
            written down and waits; --force goes past these.

            ISSUE is 12, #12, owner/name#12 or the address of its page.

            Example: skep dispatch 12 13 --to claude,codex --wait
            """)

    @Argument(help: ArgumentHelp("The issues.", valueName: "issue"))
    var issues: [String]
    @Option(
        name: .customLong("to"),
        help: ArgumentHelp(
            "The agents, with commas between them; otherwise the workflow's default.",
            valueName: "agents"))
    var agents: String?
    @Option(help: ArgumentHelp("The workflow; otherwise the first one.", valueName: "name"))
    var workflow: String?
    @Flag(help: "Begin even where the issue is held, depends on others, or limits are reached.")
    var force = false
    @Flag(help: "Show how it goes, and end when all runs are closed; 1 if one failed.")
    var wait = false
    @Flag(name: .shortAndLong, help: "Print the runs' numbers only.")
    var quiet = false
    @OptionGroup var common: CommonOptions

    func validate() throws { _ = try CommandLists.words(agents, of: "--to") }

    func run() async throws {
        let console = common.console(quiet: quiet)
        let desk = try await Desk(common, quiet: quiet)
        let configuration = desk.house.configuration
        let references = try issues.map(IssueArgument(configuration).parse)
        try references.forEach(configuration.requireRepository)
        try desk.house.requireSteps(in: workflow)
        let agents = try CommandLists.words(agents, of: "--to").map(AgentName.init(rawValue:))
        let dispatcher = Dispatcher(desk.parts)

        var outcomes: [DispatchOutcome] = []
        var errors: [any Error] = []
        for issue in references {
            do {
                let answers = try await dispatcher.dispatch(
                    issue, to: agents, workflow: workflow.map(WorkflowName.init(rawValue:)),
                    isForced: force)
                outcomes += answers.map { DispatchOutcome(issue: issue, dispatched: $0) }
            } catch {
                errors.append(error)
            }
        }
        if !console.isJSON || !wait { tell(outcomes, console) }
        if !outcomes.isEmpty { desk.remindToServe(console) }
        if wait {
            try await RunWatch(store: desk.parts.store, console: console)
                .untilClosed(outcomes.compactMap(\.run))
        }
        if errors.count > 1 { throw SeveralErrors(errors: errors.map(Exit.described)) }
        if let error = errors.first { throw error }
    }

    private func tell(_ outcomes: [DispatchOutcome], _ console: Console) {
        if console.isJSON { return console.show(.list(outcomes.map(\.json))) }
        for outcome in outcomes {
            if quiet {
                if let run = outcome.run { console.output.line("\(run)") }
            } else {
                console.say(outcome.sentence)
            }
        }
    }
}

/// What became of an ask, with its issue.
struct DispatchOutcome {
    let issue: IssueReference
    let dispatched: Dispatched

    /// The run that is there now, whoever opened it.
    var run: RunID? {
        switch dispatched.answer {
        case .opened(let run), .agentBusy(let run): run
        case .answeredBefore(let run): run
        case .waiting: nil
        }
    }

    var outcome: String {
        switch dispatched.answer {
        case .opened: "opened"
        case .answeredBefore: "answered_before"
        case .agentBusy: "agent_busy"
        case .waiting: "waiting"
        }
    }

    var sentence: String {
        switch dispatched.answer {
        case .opened(let run): "Dispatched \(issue) to \(dispatched.agent): run \(run)."
        case .answeredBefore(let run):
            "\(issue) was dispatched to \(dispatched.agent) before"
                + (run.map { ": run \($0)." } ?? ".")
        case .agentBusy(let run):
            "\(dispatched.agent) is at work on \(issue) already: run \(run)."
        case .waiting(let gates):
            "\(dispatched.agent) is asked to work on \(issue), and waits:\n"
                + gates.map { "  \($0.sentence)" }.joined(separator: "\n")
                + "\n  \"--force\" goes past all but permissions and work that is there."
        }
    }

    private var gates: [ShutGate] {
        if case .waiting(let gates) = dispatched.answer { gates } else { [] }
    }

    var json: JSON {
        .object([
            "issue": .text(issue.description),
            "agent": .name(dispatched.agent),
            "outcome": .text(outcome),
            "run_id": .id(run),
            "gates": .list(gates.map(\.json)),
        ])
    }
}
