import ArgumentParser
import Logging
import SkepCore
import SkepQueue
import SkepStore

/// `skep branch …`: what agents have made.
struct BranchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "branch", abstract: "Look at the branches that agents have made",
        discussion: """
            A branch is named by the number of its run, or by its name: the newest run of that name \
            is meant. Of a run without a result "show" and "diff" show what is kept of it.

            Example: skep branch diff claude/issue-12
            """,
        subcommands: [
            BranchList.self, BranchShow.self, BranchDiff.self, BranchCompare.self,
        ])
}

struct BranchList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the branches with commits, the newest first",
        discussion: "Example: skep branch list --json")

    @OptionGroup var list: ListOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let branches = try await Branches(common)
        let made = try await branches.all(limit: list.limit)
        common.console(quiet: list.quiet).show(
            made, id: { $0.summary.run.branch.rawValue }, json: \.json, table: { $0.table },
            none: "No agent has committed anything yet.")
    }
}

struct BranchShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a branch's commits, changed files and reviews",
        discussion: "Example: skep branch show 88")

    @Argument(help: "A run's number or a branch's name.")
    var branch: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let branches = try await Branches(common)
        let found = try await branches.branch(branch)
        let history = try await branches.history(of: found.summary.run.id)
        let console = common.console()
        if let remark = found.remark { console.remarks.line(remark) }
        if console.isJSON { return console.show(found.detailedJSON(history)) }
        found.show(on: console, now: SystemClock().now)
        history.showReviews(on: console, now: SystemClock().now)
    }
}

struct BranchDiff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Print a branch's changes as a unified diff",
        discussion: "Example: skep branch diff 88 | less")

    @Argument(help: "A run's number or a branch's name.")
    var branch: String
    @Option(help: ArgumentHelp("Cut it after so many bytes.", valueName: "count"))
    var maxBytes = 16 << 20
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let branches = try await Branches(common)
        let run = try await branches.find(branch)
        let (base, head, kept) = try await branches.ends(of: run)
        let diff = try await branches.workspaces.diff(
            of: head, with: base, in: run.run.issue.repository, maxBytes: maxBytes)
        let console = common.console()
        let made = MadeBranch(summary: run, comparison: nil, problem: nil, kept: kept)
        if let remark = made.remark { console.remarks.line(remark) }
        if console.isJSON {
            return console.show(
                .object([
                    "branch": .name(run.run.branch), "base": .name(base), "head": .name(head),
                    "kept": .optional(kept?.reference), "diff": .text(diff),
                ]))
        }
        // A file must get the diff as it is; a terminal must not.
        console.output.write(console.output.isTerminal ? PlainText.lines(diff) : diff)
    }
}

/// Finds the branches of runs, and what lies on them.
struct Branches {
    let workspaces: any Workspaces
    private let store: SQLiteSwarmStore

    init(_ common: CommonOptions) async throws {
        let state = try common.stateFolder()
        store = SQLiteSwarmStore(try await state.openQueue())
        workspaces = Assembly.mirrors(
            state, logger: StderrLog.remarks(on: common.console()))
    }

    /// Branches with commits; of runs that share one, the newest.
    func all(limit: Int) async throws -> [MadeBranch] {
        var seen: Set<String> = []
        var branches: [MadeBranch] = []
        for summary in try await store.runs(matching: RunFilter(limit: 100_000)) {
            let name = "\(summary.run.issue.repository) \(summary.run.branch)"
            guard branches.count < limit, summary.run.head != nil, seen.insert(name).inserted else {
                continue
            }
            branches.append(await made(summary))
        }
        return branches
    }

    func branch(_ text: String) async throws -> MadeBranch {
        let run = try await find(text)
        let (base, head, kept) = try await ends(of: run)
        let comparison = try await workspaces.comparison(
            of: head, with: base, in: run.run.issue.repository)
        return MadeBranch(summary: run, comparison: comparison, problem: nil, kept: kept)
    }

    /// A run's base and its newest commit: its head, else the newest of what is kept of it.
    ///
    /// - Throws: `ProgramError` when there is neither.
    func ends(of run: RunSummary) async throws -> (CommitID, CommitID, KeptWork?) {
        guard let base = run.run.base else { throw Self.empty(run) }
        if let head = run.run.head { return (base, head, nil) }
        let kept = try await workspaces.kept(of: run.run.id, in: run.run.issue.repository)
        guard let newest = kept.first else { throw Self.empty(run) }
        return (base, newest.commit, newest)
    }

    func history(of run: RunID) async throws -> RunHistory { try await store.history(of: run) }

    func find(_ text: String) async throws -> RunSummary {
        if let id = RunID(text) {
            guard let run = try await store.run(id) else { throw SwarmError.noSuchRun(id) }
            return run
        }
        let runs = try await store.runs(matching: RunFilter(limit: 100_000))
        if let run = try Self.newest(of: text, in: runs) { return run }
        let names = Set(runs.map(\.run.branch.rawValue)).sorted()
        throw ProgramError(
            .conflict, "There is no branch \"\(text)\".",
            why: nearest(to: text, among: names).map { "Did you mean \"\($0)\"?" },
            advice: "\"skep branch list\" shows those there are.")
    }

    /// The newest run of a branch that has commits, else the newest one.
    ///
    /// - Parameter runs: The newest first.
    /// - Throws: `ProgramError` when branches of several repositories have the name.
    static func newest(of name: String, in runs: [RunSummary]) throws -> RunSummary? {
        let named = runs.filter { $0.run.branch.rawValue == name }
        let made = named.filter { $0.run.head != nil }
        guard !made.isEmpty else { return named.first }
        var newest: [RunSummary] = []
        for run in made
        where !newest.contains(where: { $0.run.issue.repository == run.run.issue.repository }) {
            newest.append(run)
        }
        guard newest.count > 1 else { return newest.first }
        newest.sort { $0.run.id.rawValue < $1.run.id.rawValue }
        let places = Phrase.list(newest.map { "\($0.run.issue.repository)" }, "and")
        let numbers = Phrase.list(newest.map { "\($0.run.id)" }, "or")
        throw ProgramError(
            .conflict, "\"\(name)\" is in \(places).", advice: "Name the run: \(numbers).")
    }

    /// The newest run of each agent on an issue, by agent.
    func compared(on issue: IssueReference) async throws -> [ComparedBranch] {
        let runs = try await store.runs(matching: RunFilter(issue: issue, limit: 1000))
            .filter { $0.state != .chosen }
        let pullRequests = try await store.pullRequests(matching: PullRequestFilter(issue: issue))
        var seen: Set<AgentName> = []
        var branches: [ComparedBranch] = []
        for summary in runs where seen.insert(summary.run.agent).inserted {
            branches.append(
                ComparedBranch(
                    made: await made(summary),
                    history: try await store.history(of: summary.run.id),
                    pullRequest: pullRequests.first {
                        $0.reference.number == summary.run.pullRequest?.number
                    }))
        }
        return branches.sorted { $0.made.summary.run.agent < $1.made.summary.run.agent }
    }

    private static func empty(_ run: RunSummary) -> ProgramError {
        ProgramError(
            .conflict, "Run \(run.run.id) has no commits.",
            advice: "\"skep run show \(run.run.id)\" says how it stands.")
    }

    private func made(_ summary: RunSummary) async -> MadeBranch {
        guard let base = summary.run.base, let head = summary.run.head else {
            return MadeBranch(summary: summary, comparison: nil, problem: nil)
        }
        do {
            let comparison = try await workspaces.comparison(
                of: head, with: base, in: summary.run.issue.repository)
            return MadeBranch(summary: summary, comparison: comparison, problem: nil)
        } catch {
            return MadeBranch(summary: summary, comparison: nil, problem: error)
        }
    }
}
