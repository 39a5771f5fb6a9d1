import ArgumentParser
import SkepCore
import SkepEngine
import SkepQueue
import SkepStore

/// `skep retire …`: closes what nobody will work on.
struct RetireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire", abstract: "Close issues that nobody will work on, with a reason",
        discussion: """
            Each gets a comment with the reason, a label, and is closed. Issues with the label \
            \(Retirer.keepLabel), those worked on and those with an open pull request are left alone.

            Example: skep retire --older-than 180d --reason "Nobody has met it since 2.0." --dry-run
            """,
        subcommands: [RetireStart.self, RetireList.self, RetireReopen.self],
        defaultSubcommand: RetireStart.self)
}

struct RetireStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Close issues with a comment and a label",
        discussion: """
            The list has an issue a line; "# " begins a comment; - is standard input.

            Example: skep retire --list stale.txt --reason "Superseded by #40."
            """)

    @Option(help: ArgumentHelp("The file that lists the issues.", valueName: "file"))
    var list: String?
    @Option(
        help: ArgumentHelp(
            "Open issues on which nothing happened for so long: 180d, 26w, 12h.",
            valueName: "age"))
    var olderThan: String?
    @Option(help: ArgumentHelp("Why; stands in each comment.", valueName: "text"))
    var reason: String
    @Option(help: ArgumentHelp("The label that each gets; empty: none.", valueName: "label"))
    var label = "resolution/retired"
    @Option(
        help: ArgumentHelp(
            "With --older-than, only issues with all of these labels.", valueName: "label"))
    var only: [String] = []
    @Flag(help: "Print what would be closed, and close nothing.")
    var dryRun = false
    @Flag(help: "Don't ask.")
    var yes = false
    @Flag(name: .shortAndLong, help: "Print its number only; with --dry-run the issues.")
    var quiet = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (list == nil) != (olderThan == nil) else {
            throw ValidationError("give --list or --older-than, one of them")
        }
        if list != nil, !only.isEmpty { throw ValidationError("--only goes with --older-than") }
        guard !reason.allSatisfy(\.isWhitespace) else {
            throw ValidationError("--reason must say something")
        }
        if let olderThan { _ = try Age(olderThan) }
    }

    func run() async throws {
        let console = common.console(quiet: quiet)
        if !dryRun, !yes { try Confirmation.require(console) }
        let desk = try await Desk(common, quiet: quiet)
        let retirer = Retirer(desk.parts)
        let found = try await retirer.candidates(try scope(desk.house.configuration))
        if dryRun { return show(found, console) }
        guard !found.issues.isEmpty else { throw nothing(found) }
        if !yes {
            show(found, console)
            let count = Phrase.count(found.issues.count, "issue")
            console.remarks.line("")
            try Confirmation.ask("Close \(count)?", console)
        }
        let id = try await retirer.retire(
            found.issues, reason: reason, label: label.isEmpty ? nil : label)
        if quiet, !console.isJSON { return console.output.line("\(id)") }
        // An issue on which a run was opened meanwhile isn't among them.
        guard let retirement = try await desk.parts.store.retirement(id) else { return }
        if console.isJSON { return console.show(retirement.json) }
        console.say(
            "Retirement \(id): \(Phrase.count(retirement.items.count, "issue")) will be closed. "
                + "\"skep retire reopen \(id)\" brings them back.")
        desk.remindToServe(console)
    }

    /// Why there is nothing to close.
    private func nothing(_ found: Retirer.Candidates) -> any SkepError {
        let none = RetirementError.nothingToRetire
        guard let first = found.skipped.first else {
            return ProgramError(
                none.kind, none.what,
                why: olderThan.map { "On each something happened in the last \($0)." }
                    ?? "The list is empty.",
                advice: nil)
        }
        let count = found.skipped.count
        return ProgramError(
            none.kind, none.what,
            why: (count == 1 ? "" : "\(count) are left alone. The first, ")
                + "\(first.issue): \(first.reason)",
            advice: "--dry-run shows them all.")
    }

    private func scope(_ configuration: Configuration) throws -> Retirer.Scope {
        if let olderThan {
            return .olderThan(
                try Age(olderThan).length, in: configuration.repositories.map(\.name),
                labels: only)
        }
        let issues = try RetirementList.read(
            try Self.text(of: list ?? "-"), in: configuration.onlyRepository)
        try issues.forEach(configuration.requireRepository)
        return .listed(issues)
    }

    /// - Parameter path: "-": standard input.
    private static func text(of path: String) throws -> String {
        let maxBytes = 16 << 20
        let surroundings = Surroundings.current()
        do {
            return path == "-"
                ? try TextFile.readInput(maxBytes: maxBytes)
                : try TextFile.read(
                    surroundings.path(path, in: surroundings.workingFolder), maxBytes: maxBytes)
        } catch {
            throw ProgramError(
                .conflict,
                "Can't read the list \(path == "-" ? "from standard input" : "\"\(path)\"").",
                why: error.sentence)
        }
    }

    private func show(_ found: Retirer.Candidates, _ console: Console) {
        if console.isJSON { return console.show(found.json) }
        if quiet {
            for issue in found.issues { console.output.line("\(issue.reference)") }
            return
        }
        let now = SystemClock().now
        var table = Table([.flexible("ISSUE"), .fixed("LAST CHANGE"), .optional("TITLE")])
        for issue in found.issues {
            table.add([
                issue.reference.description, TimeText.relative(issue.updatedAt, to: now),
                issue.title,
            ])
        }
        console.show(table)
        showSkipped(found, console)
        if found.issues.isEmpty { console.note("Nothing would be closed.") }
    }

    private func showSkipped(_ found: Retirer.Candidates, _ console: Console) {
        guard !found.skipped.isEmpty else { return }
        if found.issues.isEmpty {
            console.output.line(console.output.styled("Left alone", .bold))
        } else {
            console.heading("Left alone")
        }
        var table = Table([.flexible("ISSUE"), .flexible("WHY"), .optional("TITLE")])
        for skipped in found.skipped {
            table.add([skipped.issue.description, skipped.reason, skipped.title])
        }
        console.show(table.withoutEmptyColumns(keeping: ["ISSUE", "WHY"]))
    }
}

struct RetireList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List retirements, the newest first",
        discussion: "Example: skep retire list")

    @OptionGroup var list: ListOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let store = SQLiteSwarmStore(try await common.stateFolder().openQueue())
        let now = SystemClock().now
        common.console(quiet: list.quiet).show(
            try await store.retirements(limit: list.limit), id: { "\($0.id)" }, json: \.json,
            table: { $0.table(now) }, none: "Nothing was retired yet.")
    }
}

struct RetireReopen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reopen", abstract: "Bring issues of a retirement back",
        discussion: "Example: skep retire reopen 3 12 15")

    @Argument(help: "The retirement's number.")
    var id: Int64
    @Argument(help: ArgumentHelp("Only these issues; otherwise all.", valueName: "issue"))
    var issues: [String] = []
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let desk = try await Desk(common)
        let argument = IssueArgument(desk.house.configuration)
        let chosen = try issues.map(argument.parse)
        let reopened = try await Retirer(desk.parts).reopen(
            RetirementID(rawValue: id), issues: chosen.isEmpty ? nil : chosen)
        let console = common.console()
        if console.isJSON {
            return console.show(.list(reopened.map { .text($0.description) }))
        }
        guard !reopened.isEmpty else {
            return console.say("They were all reopened before.")
        }
        console.say("\(Phrase.count(reopened.count, "issue")) will be reopened.")
        desk.remindToServe(console)
    }
}

extension Retirer.Candidates {
    var json: JSON {
        .object([
            "issues": .list(
                issues.map {
                    .object([
                        "issue": .text($0.reference.description), "title": .text($0.title),
                        "updated_at": .time($0.updatedAt),
                    ])
                }),
            "skipped": .list(
                skipped.map {
                    .object([
                        "issue": .text($0.issue.description), "title": .text($0.title),
                        "reason": .text($0.reason),
                    ])
                }),
        ])
    }
}

extension Retirement {
    var json: JSON {
        .object([
            "id": .id(id),
            "reason": .text(reason),
            "label": .optional(label),
            "at": .time(at),
            "items": .list(
                items.map {
                    .object([
                        "issue": .text($0.issue.description), "title": .text($0.title),
                        "is_reopened": .boolean($0.isReopened),
                    ])
                }),
        ])
    }
}

extension [Retirement] {
    fileprivate func table(_ now: Timestamp) -> Table {
        var table = Table([
            .fixed("RETIREMENT"), .fixed("WHEN"), .fixed("ISSUES"), .fixed("REOPENED"),
            .flexible("REASON"),
        ])
        for retirement in self {
            table.add([
                "\(retirement.id)", TimeText.relative(retirement.at, to: now),
                "\(retirement.items.count)",
                "\(retirement.items.filter(\.isReopened).count)", retirement.reason,
            ])
        }
        return table
    }
}
