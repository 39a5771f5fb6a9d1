import SkepAgents
import SkepCore
import SkepQueue
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Lets an agent do something small in a scratch repository, and looks what of it came true: that it
/// works, goes on with a session, can be stopped in the middle, and is shut in as its file says.
///
/// It goes by what is on the disk and among the processes; the agent's word counts for what it used.
struct AgentTrial: Sendable {
    /// Told while it goes on.
    typealias Progress = @Sendable (String) -> Void

    let agent: any Agent
    let folder: TrialFolder
    let house: AgentHouse
    let workspace: Workspace
    /// What one session may take.
    let limit: Duration
    /// Without resume and stop.
    let isQuick: Bool
    var clock: any Clock = SystemClock()
    let tell: Progress

    static let file = "HELLO.md"
    static let word = "skep"
    private static let secondLine = "and its agents"
    private static let codeWord = "KESTREL-47"
    /// The order, for who understands nothing else.
    private static let patch = """


        ```diff
        --- /dev/null
        +++ b/\(file)
        @@ -0,0 +1 @@
        +\(word)
        ```
        """

    func run() async throws -> TrialReport {
        var report = TrialReport(agent: agent.definition)
        guard try await lookForProgram(&report) else {
            skip(["protocol", "file", "usage", "resume", "stop", "sandbox", "outside"], &report)
            return report
        }
        if let first = try await work(&report), !isQuick {
            try await goOn(with: first, &report)
            try await stop(&report)
        } else {
            skip(["resume", "stop"], &report)
        }
        try await tryOutside(&report)
        return report
    }

    func skip(_ names: [String], _ report: inout TrialReport) {
        for name in names { report.add(name, .skipped, "not tried") }
    }

    private func lookForProgram(_ report: inout TrialReport) async throws -> Bool {
        tell("looks for its program")
        let known = agent as? any InspectableAgent
        report.program = known?.programPath
        report.version = await known?.version()
        do {
            try await agent.check()
        } catch {
            let error = Exit.described(error)
            let words = [error.what, error.why, error.advice].compactMap { $0 }
            report.add("program", .fail, words.joined(separator: " "))
            return false
        }
        let words = [report.program ?? known?.programName, report.version].compactMap { $0 }
        report.add("program", .ok, words.joined(separator: ", "))
        return true
    }

    // Working

    private func work(_ report: inout TrialReport) async throws -> SessionResult? {
        tell("has it write a file")
        let outcome = try await session(
            1,
            """
            Create the file \(Self.file) with the line: \(Self.word)
            Put nothing else into it, and change nothing else. Then say "done".
            The code word of this conversation is \(Self.codeWord); you may be asked for it later.
            """ + (agent.definition.adapter == PatchApplier.adapter ? Self.patch : ""))
        let request = try host(1).request()
        report.hasDialogue = request?.hasDialogue
        report.firstWord = outcome.firstWord
        let result = outcome.result
        report.usage = result?.usage
        report.start = result?.start
        report.sandbox = result?.sandbox
        report.failure = outcome.isLate ? nil : result?.failure
        addProtocol(outcome, &report)

        let text = folder.text(of: Self.file)
        let isWritten = text?.split(separator: "\n").first.map(String.init) == Self.word
        report.add(
            "file", isWritten ? .ok : .fail,
            isWritten
                ? "\(Self.file) holds \"\(Self.word)\""
                : text.map { "\(Self.file) holds \"\($0.prefix(80))\"" }
                    ?? "there is no \(Self.file)" + Self.said(result), duration: outcome.length)
        report.add(
            "usage", report.usage == nil ? .no : .ok, report.usage?.words ?? "it doesn't say")
        addSandbox(&report)
        return isWritten && !outcome.isLate && result?.failure == nil ? result : nil
    }

    private static func said(_ result: SessionResult?) -> String {
        let words = result?.lastMessage.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard let words, !words.isEmpty else { return "" }
        return "; it said: \(words.prefix(200))"
    }

    private func addProtocol(_ outcome: Outcome, _ report: inout TrialReport) {
        let ways = report.hasDialogue == true ? "both ways" : "one way"
        let adapter = "\(agent.definition.adapter), \(ways)"
        guard let result = outcome.result, !outcome.isLate else {
            report.add("protocol", .fail, "\(adapter); \(outcome.lateness(limit))")
            return
        }
        let first = outcome.firstWord.map { "first word after \(TimeText.short($0))" }
        let words = [adapter, first ?? "it said nothing", "\(result.ending)"]
        report.add(
            "protocol", result.failure == nil ? .ok : .fail,
            (words + [result.failure?.sentence].compactMap { $0 }).joined(separator: "; "),
            duration: outcome.firstWord)
    }

    private func addSandbox(_ report: inout TrialReport) {
        let policy = agent.definition.sandbox
        guard let sandbox = report.sandbox else {
            let isAsked = policy.level > .none
            report.add(
                "sandbox", isAsked && policy.isRequired ? .fail : .no,
                (isAsked ? "it never ran in one" : "none is in force")
                    + "; asked: \(policy.level.rawValue)")
            return
        }
        let missing =
            sandbox.missing.isEmpty
            ? "" : "; missing: \(sandbox.missing.joined(separator: ", "))"
        report.add(
            "sandbox",
            sandbox.level >= policy.level ? .ok : policy.isRequired ? .fail : .no,
            sandbox.words + missing)
    }

    // Going on with a session

    private func goOn(with first: SessionResult, _ report: inout TrialReport) async throws {
        guard let vendor = first.start?.vendorSession else {
            report.add("resume", .no, "it has no name for its session")
            return
        }
        tell("goes on with its session")
        let prompt = """
            Append to the file \(Self.file) the line: \(Self.secondLine)
            Then say the code word of this conversation.
            """
        let outcome = try await session(2, prompt, resuming: vendor)
        guard let result = outcome.result, !outcome.isLate, result.failure == nil else {
            report.add(
                "resume", .fail,
                (outcome.isLate ? nil : outcome.result?.failure?.sentence)
                    ?? outcome.lateness(limit), duration: outcome.length)
            return
        }
        let remembers = result.lastMessage.contains(Self.codeWord)
        let hasAdded = folder.text(of: Self.file)?.contains(Self.secondLine) == true
        report.add(
            "resume", remembers && hasAdded ? .ok : .fail,
            [
                hasAdded ? "it added a line" : "it added nothing",
                remembers ? "it remembers" : "it doesn't remember what it was told before",
            ].joined(separator: ", "), duration: outcome.length)
    }

    // Stopping in the middle

    private func stop(_ report: inout TrialReport) async throws {
        tell("stops it in the middle")
        let mark = workspace.path + "/.skep-at-work"
        let prompt = """
            Run the command: touch \(mark); exec tail -f /dev/null
            Use your shell tool in the foreground, and wait until it has ended.
            """
        let session = Task { try await self.session(3, prompt) }
        let begun = clock.uptime
        while access(mark, F_OK) != 0, clock.uptime - begun < limit, !Task.isCancelled {
            guard try host(3).state().isUnfinished else { break }
            try? await clock.sleep(for: .milliseconds(50))
        }
        let wasAtWork = try access(mark, F_OK) == 0 && host(3).state() == .alive
        let start = clock.uptime
        session.cancel()
        _ = await session.result
        try Task.checkCancellation()
        let length = clock.uptime - start
        guard wasAtWork else {
            // A program without a model may have no commands to run.
            report.add(
                "stop",
                ["command", PatchApplier.adapter].contains(agent.definition.adapter)
                    ? .no : .fail,
                "it never ran a command that could have been stopped", duration: length)
            return
        }
        var left = SessionRemains.count(session: try host(3).request()?.session ?? "")
        if case .ended(let record) = try host(3).state(), !record.allProcessesGone { left += 1 }
        report.add(
            "stop", left == 0 ? .ok : .fail,
            left == 0
                ? "stopped after \(TimeText.short(length)), nothing of it is left"
                : "\(Phrase.count(left, "process", "processes")) of it lived on",
            duration: length)
    }
}

extension SessionHost.State {
    fileprivate var isUnfinished: Bool { self == .alive || self == .notStarted }
}
