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
    @Flag(help: "Show how it goes, and end when all runs are closed; 1 if one failed.")
    var wait = false
    @Flag(name: .shortAndLong, help: "Print the runs' numbers only.")
    var quiet = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let house = try House.read(common.layers())
        let console = common.console(quiet: quiet)
        let references = try issues.map(IssueArgument(house.configuration).parse)
        try references.forEach(house.configuration.requireRepository)
        let assembly = Assembly(
            house, logger: StderrLog.remarks(on: console))
        let tracker = try assembly.tracker()
        try house.state.create(isRoot: house.surroundings.isRoot)
        let queue = try await house.state.openQueue()
        let dispatcher = Dispatcher(assembly.parts(queue, tracker))

        var outcomes: [DispatchOutcome] = []
        var errors: [any Error] = []
        for issue in references {
            do {
                let answers = try await dispatcher.dispatch(
                    issue, to: agentNames, workflow: workflow.map(WorkflowName.init(rawValue:)))
                outcomes += answers.map { DispatchOutcome(issue: issue, dispatched: $0) }
            } catch {
                errors.append(error)
            }
        }
        if !console.isJSON || !wait { tell(outcomes, console) }
        let isServed = ServeLock.holder(house.state) != nil
        if !isServed, !outcomes.isEmpty, !console.isJSON {
            console.remarks.line(
                "No \"skep serve\" is running here: the work waits in the queue until one does.")
        }
        if wait {
            try await RunWatch(store: SQLiteSwarmStore(queue), console: console)
                .untilClosed(outcomes.compactMap(\.run))
        }
        if errors.count > 1 { throw SeveralErrors(errors: errors.map(Exit.described)) }
        if let error = errors.first { throw error }
    }

    /// Each once, however often it was named.
    var agentNames: [AgentName] {
        var names: [AgentName] = []
        for name in (agents ?? "").split(whereSeparator: { $0 == "," || $0.isWhitespace })
            .map({ AgentName(rawValue: String($0)) }) where !names.contains(name)
        {
            names.append(name)
        }
        return names
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
        }
    }

    var outcome: String {
        switch dispatched.answer {
        case .opened: "opened"
        case .answeredBefore: "answered_before"
        case .agentBusy: "agent_busy"
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
        }
    }

    var json: JSON {
        .object([
            "issue": .text(issue.description),
            "agent": .name(dispatched.agent),
            "outcome": .text(outcome),
            "run_id": .id(run),
        ])
    }
}
