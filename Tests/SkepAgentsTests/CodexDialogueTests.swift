@testable import SkepAgents
import SkepCore
import SkepWire
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Codex's events")
struct CodexDialogueTests {
    private func dialogue() -> CodexDialogue { CodexDialogue(DialogueLog.brief, model: "m") }

    private func events(_ lines: [String], _ dialogue: CodexDialogue? = nil) -> [SessionEvent.Kind]
    {
        var log = DialogueLog()
        for line in lines { log.print(line) }
        log.add(.over)
        log.expectAdoption { dialogue ?? self.dialogue() }
        return log.events(dialogue ?? self.dialogue())
    }

    @Test("A run is told in all its parts")
    func tellsRun() throws {
        let events = events(try DialogueLog.recorded("codex-run.jsonl"))

        #expect(
            events.first
                == .began(
                    SessionStart(
                        vendorSession: "01a2022f-4a30-7a93-8e99-c66a7da1a37d", model: "m")))
        #expect(
            events.contains(.message(MessagePiece(id: "item_1", text: "I will create the file."))))
        #expect(
            events.contains(
                .tool(
                    ToolCall(
                        id: "item_3", title: "shell", purpose: .execute,
                        input: "/bin/bash -lc 'git status --short'"))))
        #expect(
            events.contains(
                .tool(
                    ToolCall(
                        id: "item_3", title: "shell", purpose: .execute,
                        input: "/bin/bash -lc 'git status --short'", output: "?? SCRIPTED.md\n",
                        status: .completed, duration: .seconds(1)))))
        #expect(
            events.suffix(2) == [.usage(Usage(input: 3600, output: 240)), .turnEnded(.done)])
    }

    @Test("Items of all kinds are told")
    func tellsItems() {
        let lines = [
            #"{"type":"item.completed","item":{"id":"1","type":"reasoning","text":"Hm."}}"#,
            #"{"type":"item.completed","item":{"id":"2","type":"file_change","changes":[{"path":"a","kind":"add"},{"path":"b","kind":"delete"},{"path":"c","kind":"update"}],"status":"completed"}}"#,
            #"{"type":"item.completed","item":{"id":"3","type":"mcp_tool_call","server":"s","tool":"t","arguments":{"x":1},"result":{"content":[{"type":"text","text":"ok"}]},"status":"completed"}}"#,
            #"{"type":"item.completed","item":{"id":"4","type":"web_search","query":"q"}}"#,
            #"{"type":"item.updated","item":{"id":"5","type":"todo_list","items":[{"text":"a","completed":true},{"text":"b","completed":false}]}}"#,
            #"{"type":"item.completed","item":{"id":"6","type":"command_execution","command":"x","aggregated_output":"no","exit_code":1,"status":"failed"}}"#,
            #"{"type":"item.completed","item":{"id":"7","type":"new_one"}}"#,
        ]

        let events = events(lines)

        #expect(
            events == [
                .reasoning(MessagePiece(id: "1", text: "Hm.")),
                .tool(
                    ToolCall(
                        id: "2", title: "apply_patch", purpose: .edit, input: "a\nb\nc",
                        status: .completed)),
                .change(FileChange(path: "a", kind: .added)),
                .change(FileChange(path: "b", kind: .deleted)),
                .change(FileChange(path: "c", kind: .modified)),
                .tool(
                    ToolCall(
                        id: "3", title: "s.t", input: #"{"x":1}"#, output: "ok", status: .completed)
                ),
                .tool(
                    ToolCall(
                        id: "4", title: "web_search", purpose: .search, input: "q",
                        status: .completed)),
                .plan([
                    PlanEntry(text: "a", status: .completed),
                    PlanEntry(text: "b", status: .pending),
                ]),
                .tool(
                    ToolCall(
                        id: "6", title: "shell", purpose: .execute, input: "x", output: "no",
                        status: .failed)),
                .output(Array((lines[6] + "\n").utf8)),
            ])
    }

    private static let thread = "01a2023a-b695-7f70-84d0-f1eb8f93f08f"

    /// Puts what codex would have kept of the thread into a home.
    private func keepRollout(in home: String, more: [String] = []) throws {
        var path = home
        for name in [".codex", "sessions", "2023", "11", "14"] {
            path += "/" + name
            mkdir(path, 0o755)
        }
        var lines = [
            Self.count("22:10:00.000", 1200, 80), Self.count("22:11:00.000", 2400, 160),
            String(repeating: "x", count: 600_000),
        ]
        lines += more
        try Files.replace(
            path + "/rollout-2023-11-14T22-10-00-\(Self.thread).jsonl",
            with: Array((lines.joined(separator: "\n") + "\n").utf8), mode: 0o600)
    }

    private static func count(_ time: String, _ input: Int, _ output: Int) -> String {
        #"{"timestamp":"2023-11-14T\#(time)Z","type":"event_msg","payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":\#(input),"output_tokens":\#(output)}}}}"#
    }

    /// A log's entries are a second apart, from 22:13:20 on.
    @Test(
        "What it has used is told within a turn, and of one that never ends",
        arguments: [false, true])
    func countsWithinTurn(isResumed: Bool) throws {
        let folder = TemporaryFolder()
        var brief = isResumed ? DialogueLog.brief(resumes: Self.thread) : DialogueLog.brief
        brief.places.home = folder.path
        if isResumed {
            try keepRollout(in: folder.path)
            brief.memo = CodexAdapter(options: CodexOptions(), toolServers: []).launch(brief).memo
        }
        try keepRollout(
            in: folder.path,
            more: [
                // Before any answer of the model it has no figures.
                #"{"timestamp":"2023-11-14T22:13:20.500Z","type":"event_msg","payload":{"type":"token_count","info":null}}"#,
                Self.count("22:13:21.500", 3600, 240), Self.count("22:13:24.500", 4800, 320),
                Self.count("22:13:26.000", 6000, 400), Self.count("22:13:26.001", 9000, 900),
            ])
        let message = { (id: Int) in
            #"{"type":"item.completed","item":{"id":"\#(id)","type":"reasoning","text":"Hm."}}"#
        }
        let lines = [
            #"{"type":"thread.started","thread_id":"\#(Self.thread)"}"#,
            #"{"type":"turn.started"}"#,
            message(1), message(2), message(3),
            #"{"type":"item.started","item":{"id":"4","type":"command_execution","command":"x","status":"in_progress"}}"#,
        ]

        let told = events(lines, CodexDialogue(brief, model: nil)).compactMap {
            if case .usage(let usage) = $0 { usage } else { nil }
        }
        let failed = events(
            lines.prefix(2) + [message(1), #"{"type":"turn.failed","error":{"message":"no"}}"#],
            CodexDialogue(brief, model: nil))

        let before = isResumed ? Usage(input: 2400, output: 160) : Usage()
        #expect(
            told
                == [
                    Usage(input: 3600, output: 240), Usage(input: 6000, output: 400),
                ].map { $0.since(before) })
        #expect(failed.contains(.usage(Usage(input: 3600, output: 240).since(before))))
    }

    @Test("What the thread's earlier sessions used isn't counted again")
    func countsResumed() throws {
        let folder = TemporaryFolder()
        try keepRollout(in: folder.path)
        var brief = DialogueLog.brief(resumes: Self.thread)
        brief.places.home = folder.path
        brief.memo = CodexAdapter(options: CodexOptions(), toolServers: []).launch(brief).memo

        let events = events(
            try DialogueLog.recorded("codex-resumed.jsonl"), CodexDialogue(brief, model: nil))

        #expect(events.first == .began(SessionStart(vendorSession: Self.thread, isResumed: true)))
        #expect(events.contains(.usage(Usage(input: 2400, output: 160))))
    }

    @Test("A log read alone tells what was told while it grew, also of a thread gone on with")
    func readsLogAlone() async throws {
        let fixture = try CommandFixture()
        try keepRollout(in: fixture.workspace.homePath)
        let script = "#!/bin/sh\ncat \(DialogueLog.fixtures)/codex-resumed.jsonl; rm -r ~/.codex\n"
        let program = try fixture.folder.write(script, to: "codex", mode: 0o755)
        let agent = try fixture.agent([
            ("adapter", .text("codex")), ("program", .text(program)), ("sandbox", .text("none")),
        ])
        let told = Mutex<[SessionEvent.Kind]>([])
        var assignment = try fixture.assignment()
        assignment.resumes = Self.thread
        assignment.watch = { event in
            told.withLock { $0.append(event.kind) }
            return nil
        }
        _ = try await fixture.run(agent, assignment)

        var read: [SessionEvent.Kind] = []
        for try await event in agent.events(of: assignment.session, waits: true) {
            read.append(event.kind)
        }

        #expect(read == told.withLock { $0 })
        #expect(read.contains(.usage(Usage(input: 2400, output: 160))))
        #expect(read.first == .began(SessionStart(vendorSession: Self.thread, isResumed: true)))
    }

    @Test("A rollout that isn't there, or is no file, is told and not waited for")
    func survivesOddRollouts() throws {
        let folder = TemporaryFolder()
        var path = folder.path
        for name in [".codex", "sessions", "2023", "11", "14"] {
            path += "/" + name
            mkdir(path, 0o755)
        }
        mkfifo(path + "/rollout-2023-11-14T22-10-00-\(Self.thread).jsonl", 0o600)
        var brief = DialogueLog.brief(resumes: Self.thread)
        brief.places.home = folder.path
        brief.memo = CodexAdapter(options: CodexOptions(), toolServers: []).launch(brief).memo

        let events = events(
            try DialogueLog.recorded("codex-resumed.jsonl"), CodexDialogue(brief, model: nil))

        #expect(events.contains { if case .note = $0 { true } else { false } })
        #expect(events.contains(.usage(Usage(input: 4800, output: 320))))
    }

    @Test("It waits where the provider refuses, and says why it gave up")
    func tellsTroubles() throws {
        let refused = events(try DialogueLog.recorded("codex-401.jsonl"))
        let busy = events(try DialogueLog.recorded("codex-500.jsonl"))

        func waits(_ events: [SessionEvent.Kind]) -> [FailureType] {
            events.compactMap { if case .waiting(let wait) = $0 { wait.type } else { nil } }
        }
        #expect(waits(refused) == Array(repeating: .authentication, count: 5))
        #expect(waits(busy) == Array(repeating: .overload, count: 5))
        guard case .problem(let trouble)? = refused.dropLast().last else {
            Issue.record("no problem")
            return
        }
        #expect(trouble.code == "401")
        #expect(trouble.isFatal)
        #expect(refused.last == .turnEnded(.failed))
    }

    @Test("A thread that is gone is told as that")
    func tellsGone() {
        var log = DialogueLog()
        let error = "Error: thread/resume: thread/resume failed: no rollout found for thread id 7\n"
        log.add(.errorOutput(Array(error.utf8.prefix(30))))
        log.add(.errorOutput(Array(error.utf8.dropFirst(30))))
        log.add(.over)

        guard case .problem(let trouble)? = log.events(dialogue()).first else {
            Issue.record("no problem")
            return
        }
        #expect(trouble.code == AgentTrouble.resumeFailed)
    }

    @Test("What isn't in the protocol is output")
    func survivesBadInput() {
        let lines = ["No JSON", #"{"type":"item.comp"#, #"{"type":"item.started"}"#, "7", "{}"]

        #expect(events(lines) == lines.map { .output(Array(($0 + "\n").utf8)) })
    }

    @Test("Its command line has what its file says")
    func launches() {
        var options = CodexOptions()
        options.model = "m"
        options.arguments = ["--foo"]
        let adapter = CodexAdapter(
            options: options,
            toolServers: [
                ToolServer(name: "x", transport: .command(["/x", "-v"], environment: ["A": "b"])),
                ToolServer(name: "y", transport: .http(url: "http://y", headers: [:])),
            ])

        let launch = adapter.launch(DialogueLog.brief(resumes: "7"))

        #expect(
            launch.arguments == [
                "exec", "--json", "--skip-git-repo-check",
                "--dangerously-bypass-approvals-and-sandbox", "-C", "/tree", "-m", "m", "-c",
                #"mcp_servers.x.command="/x""#, "-c", #"mcp_servers.x.args=["-v"]"#, "-c",
                #"mcp_servers.x.env={ "A" = "b" }"#, "-c", #"mcp_servers.y.url="http://y""#, "-c",
                "mcp_servers.y.http_headers={  }", "--foo", "resume", "7", "-",
            ])
        #expect(launch.input == .prompt)
    }
}
