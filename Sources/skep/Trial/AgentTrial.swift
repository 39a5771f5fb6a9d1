import SkepAgents
import SkepCore
import SkepQueue
import SkepWire
import Synchronization

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

    func run() async throws -> TrialReport {
        var report = TrialReport(agent: agent.definition)
        guard try await lookForProgram(&report) else {
            skip(["protocol", "file", "usage", "resume", "stop", "sandbox", "outside"], &report)
            return report
        }
        guard let first = try await work(&report) else {
            skip(["resume", "stop", "outside"], &report)
            return report
        }
        if isQuick {
            skip(["resume", "stop"], &report)
        } else {
            try await goOn(with: first, &report)
            try await stop(&report)
        }
        try await tryOutside(&report)
        return report
    }

    private func skip(_ names: [String], _ report: inout TrialReport) {
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
            """)
        let request = try host(1).request()
        report.hasDialogue = request?.hasDialogue
        report.firstWord = outcome.firstWord
        let result = outcome.result
        report.usage = result?.usage
        report.start = result?.start
        report.sandbox = result?.sandbox
        report.failure = result?.failure
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
        return isWritten && result?.failure == nil ? result : nil
    }

    private static func said(_ result: SessionResult?) -> String {
        let words = result?.lastMessage.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard let words, !words.isEmpty else { return "" }
        return "; it said: \(words.prefix(200))"
    }

    private func addProtocol(_ outcome: Outcome, _ report: inout TrialReport) {
        let ways = report.hasDialogue == true ? "both ways" : "one way"
        let adapter = "\(agent.definition.adapter), \(ways)"
        guard let result = outcome.result else {
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
            let isNeeded = policy.isRequired && policy.level > .none
            report.add(
                "sandbox", isNeeded ? .fail : .no,
                "none is in force; asked: \(policy.level.rawValue)"
            )
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
        guard let result = outcome.result, result.failure == nil else {
            report.add(
                "resume", .fail,
                outcome.result?.failure?.sentence ?? outcome.lateness(limit),
                duration: outcome.length)
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
            report.add(
                "stop", .fail, "it never ran a command that could have been stopped",
                duration: length)
            return
        }
        var left = SessionRemains.count(session: try host(3).request()?.session ?? "")
        if case .ended(let record) = try host(3).state(), !record.allProcessesGone { left += 1 }
        report.add(
            "stop", left == 0 ? .ok : .fail,
            left == 0
                ? "stopped after \(TimeText.short(length)), nothing of it is left"
                : "\(TimeText.count(left, "process", "processes")) of it lived on",
            duration: length)
    }

    // The sandbox, tried by a program that isn't the agent

    /// What an agent does depends on its mood; a shell in the same sandbox tries it for sure.
    private func tryOutside(_ report: inout TrialReport) async throws {
        tell("tries to get out of its sandbox")
        guard var request = try host(1).request() else { return }
        request.session = "trial-probe-\(getpid())"
        request.program = "/bin/sh"
        request.arguments = [
            "sh", "-c", "echo >\"$0\" 2>/dev/null; echo >\"$1\" 2>/dev/null; exit 0",
            folder.outside + "/probe", workspace.path + "/.skep-probe",
        ]
        request.environment = ["PATH": "/usr/bin:/bin", "HOME": workspace.homePath]
        request.input = nil
        request.hasDialogue = false
        request.limits.wallMS = 60_000
        let host = SessionHost(
            folder: "\(TrialFolder.sessions(in: folder.path))/probe", program: house.host)
        mkdir(host.folder, 0o711)
        try await host.start(request)
        do { _ = try await host.waitUntilOver() } catch {
            try await host.end(grace: .zero)
            throw error
        }
        let isOut = access(folder.outside + "/probe", F_OK) == 0
        let isIn = access(workspace.path + "/.skep-probe", F_OK) == 0
        unlink(workspace.path + "/.skep-probe")
        let level = report.sandbox?.level ?? .none
        let isRight = level == .none || !isOut && isIn == (level >= .workspaceWrite)
        report.add(
            "outside", level == .none ? .no : isRight ? .ok : .fail,
            [
                isOut ? "it can write outside of its workspace" : "it can't write outside",
                isIn ? "it can write inside" : "it can't write inside",
            ].joined(separator: ", "))
    }
}

extension AgentTrial {
    struct Outcome: Sendable {
        /// `nil`: it wasn't through in time, and was stopped.
        var result: SessionResult?
        var length: Duration
        /// From the start to the first thing it told.
        var firstWord: Duration?
        /// What it complained of last, or waited for.
        var complaint: String?

        func lateness(_ limit: Duration) -> String {
            "it wasn't through after \(TimeText.short(limit))"
                + (complaint.map { "; its last trouble: \($0.prefix(300))" } ?? "")
        }
    }

    fileprivate func host(_ number: Int64) -> SessionHost {
        SessionHost(
            folder: "\(TrialFolder.sessions(in: folder.path))/\(number)", program: house.host)
    }

    /// A session from its beginning to its end, and no longer than it may take.
    fileprivate func session(
        _ number: Int64, _ prompt: String, resuming vendor: String? = nil
    ) async throws -> Outcome {
        let start = clock.uptime
        let firstWord = Mutex<Duration?>(nil)
        let complaint = Mutex<String?>(nil)
        let assignment = Assignment(
            session: SessionID(rawValue: number), run: workspace.run, issue: issue(prompt),
            prompt: prompt, resumes: vendor, resumePrompt: prompt,
            watch: { event in
                if event.kind.isWord {
                    firstWord.withLock { $0 = $0 ?? clock.uptime - start }
                }
                if let text = event.kind.complaint { complaint.withLock { $0 = text } }
                return nil
            }, ending: { .stop })
        let result = try await withThrowingTaskGroup(of: SessionResult?.self) { group in
            group.addTask {
                try await agent.withSession(assignment, in: workspace) { try await $0.result() }
            }
            group.addTask {
                try await clock.sleep(for: limit)
                return nil
            }
            let result = try await group.next() ?? nil
            group.cancelAll()
            // A session that is cancelled throws when it has gone.
            while true { do { if try await group.next() == nil { break } } catch {} }
            return result
        }
        return Outcome(
            result: result, length: clock.uptime - start, firstWord: firstWord.withLock { $0 },
            complaint: complaint.withLock { $0 })
    }

    private func issue(_ prompt: String) -> Issue {
        Issue(
            reference: IssueReference(repository: workspace.repository, number: 1),
            title: "Try \(agent.definition.name)", body: prompt, isOpen: true, labels: [],
            assignees: [], author: LoginName(rawValue: "skep"), isPullRequest: false,
            createdAt: clock.now, updatedAt: clock.now, url: "")
    }
}

extension SessionHost.State {
    fileprivate var isUnfinished: Bool { self == .alive || self == .notStarted }
}

extension SessionEvent.Kind {
    fileprivate var complaint: String? {
        switch self {
        case .problem(let trouble): trouble.text
        case .waiting(let wait): wait.text
        default: nil
        }
    }

    /// Whether the agent itself has said it.
    fileprivate var isWord: Bool {
        switch self {
        case .told, .sandbox, .note, .permission: false
        default: true
        }
    }
}
