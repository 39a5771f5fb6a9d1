import Foundation
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore
import SkepTestSupport
import Subprocess
import Testing

@testable import skep

/// The built program, run as people run it.
@Suite struct ProgramTests {
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String
    }

    var fixture = Fixture()

    /// Beside the tests, where the build puts it.
    static let program: String = {
        let folder = SelfProgram.current().folder
        let path = folder + "/skep"
        precondition(
            FileManager.default.isExecutableFile(atPath: path), "There is no program at \(path).")
        return path
    }()

    func skep(_ arguments: String...) async throws -> Outcome {
        try await run(Self.program, arguments)
    }

    func shell(_ line: String) async throws -> Outcome {
        try await run("/bin/sh", ["-c", line])
    }

    func run(_ program: String, _ arguments: [String]) async throws -> Outcome {
        let result = try await Subprocess.run(
            .name("sh"),
            arguments: .init(
                ["-c", "cd \"$0\" && exec \"$@\"", fixture.path, program] + arguments),
            environment: .custom([
                "PATH": "/usr/bin:/bin", "HOME": "\(fixture.path)/home", "LANG": "C.UTF-8",
                "XDG_STATE_HOME": "\(fixture.path)/state",
                "XDG_CONFIG_HOME": "\(fixture.path)/config",
                "LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "",
            ]),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        guard case .exited(let code) = result.terminationStatus else {
            return Outcome(
                status: -1, output: result.standardOutput, errors: result.standardError)
        }
        return Outcome(
            status: Int32(code), output: result.standardOutput, errors: result.standardError)
    }

    /// A state folder with a queue in it.
    func queue() async throws -> SQLiteQueueStore {
        let state = StateFolder(path: fixture.path + "/state/skep")
        try state.create(isRoot: false)
        return try await state.openQueue()
    }

    @Test("Help goes to standard output and ends with 0")
    func help() async throws {
        let outcome = try await skep("--help")

        #expect(outcome.status == 0)
        #expect(outcome.output.contains("A home for a swarm of coding agents"))
        #expect(outcome.errors.isEmpty)
    }

    @Test("The version is one line")
    func version() async throws {
        #expect(try await skep("--version").output == SkepVersion.current + "\n")
    }

    @Test(
        "A wrong command line ends with 64 and says so on standard error",
        arguments: [
            ["queue", "lst"], ["queue", "show"], ["queue", "show", "x"],
            ["run", "list", "--limit", "0"],
        ])
    func usage(arguments: [String]) async throws {
        let outcome = try await run(Self.program, arguments)

        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("error: "))
    }

    @Test("With --json a wrong command line is a document on standard error")
    func usageAsJSON() async throws {
        let outcome = try await skep("queue", "show", "x", "--json")

        #expect(outcome.status == 64)
        let document = try JSONSerialization.jsonObject(with: Data(outcome.errors.utf8))
        let error = (document as? [String: [String: Any]])?["error"]
        #expect(error?["kind"] as? String == "usage")
    }

    @Test("Without a database it says how to make one")
    func noDatabase() async throws {
        try fixture.write("skep.yaml", "")

        let outcome = try await skep("queue", "status")

        #expect(outcome.status == 78)
        #expect(
            outcome.errors == """
                error: There is no database in "\(fixture.path)/state/skep".
                       "skep init" makes it; --state names another folder.

                """)
    }

    @Test("In a folder that isn't the house's it says that there is no configuration")
    func noConfiguration() async throws {
        let absence = "There is no skep.yaml in \(fixture.path)."

        let list = try await skep("run", "list")
        let serve = try await skep("serve", "--allow-root")
        let check = try await skep("check", "--json")
        let named = try await skep("run", "list", "--state", "elsewhere")

        #expect(
            list.errors == """
                error: There is no database in "\(fixture.path)/state/skep".
                       \(absence)
                       \(ConfigurationLayers.absenceAdvice)

                """)
        #expect(serve.errors.contains("\(absence)\n       \(ConfigurationLayers.absenceAdvice)"))
        #expect(check.output.contains(absence))
        #expect(!named.errors.contains(absence))
    }

    @Test("Mistakes in the configuration end with 78, in commands that need it")
    func mistakes() async throws {
        try fixture.write("skep.yaml", "worker: {slotz: 3}\n")

        let outcome = try await skep("agent", "list")

        #expect(outcome.status == 78)
        #expect(
            outcome.errors.contains(
                "skep.yaml:1: \"worker\" has no key \"slotz\"; did you mean \"slots\"?"))
    }

    @Test("Looking at the queue works while other settings are wrong")
    func queueWithMistakes() async throws {
        try fixture.write("skep.yaml", "worker: {slotz: 3}\nstate: ./here\n")
        let state = StateFolder(path: fixture.path + "/here")
        try state.create(isRoot: false)
        try await state.openQueue().close()

        #expect(try await skep("queue", "status").status == 0)
    }

    @Test("Jobs are listed, shown, cancelled and retried")
    func jobs() async throws {
        let queue = try await queue()
        let added = try await queue.enqueue([NewJob("test"), NewJob("test", queue: "other")])
        #expect(added.map(\.id.rawValue) == [1, 2])

        #expect(try await skep("queue", "list", "--quiet").output == "2\n1\n")
        #expect(try await skep("queue", "list", "--queue", "other", "-q").output == "2\n")
        #expect(try await skep("queue", "cancel", "1").output == "Job 1 is cancelled.\n")
        #expect(try await skep("queue", "list", "--only", "cancelled", "-q").output == "1\n")
        #expect(try await skep("queue", "retry", "1").output == "Job 1 is ready again.\n")
        let shown = try await skep("queue", "show", "1", "--json")
        let job = try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any]
        #expect(job?["state"] as? String == "ready")

        let missing = try await skep("queue", "cancel", "99", "2")
        #expect(missing.status == 1)
        #expect(missing.output == "Job 2 is cancelled.\n")
        #expect(missing.errors.hasPrefix("error: There is no job 99\n"))
        await queue.close()
    }

    @Test("Nothing to list is no output at all")
    func emptyLists() async throws {
        try await queue().close()

        for arguments in [["queue", "list"], ["run", "list"], ["branch", "list"]] {
            let outcome = try await run(Self.program, arguments)
            #expect(outcome.status == 0)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.isEmpty)
        }
        #expect(try await skep("run", "list", "--json").output == "[]\n")
    }

    @Test("A reader that goes away ends the program quietly")
    func closedPipe() async throws {
        let queue = try await queue()
        _ = try await queue.enqueue((0..<5000).map { _ in NewJob("test") })
        await queue.close()

        let outcome = try await shell(
            "{ \(Self.program) queue list -n 100000 --json; echo \"status $?\" >&2; } | head -n 1")

        #expect(outcome.output == "[\n")
        #expect(outcome.errors == "status 0\n")
    }

    @Test("A result that can't be written is an error")
    func fullDisk() async throws {
        try await queue().close()

        let outcome = try await shell("\(Self.program) queue list --json > /dev/full")

        #expect(outcome.status == 69)
        #expect(
            outcome.errors == "error: Can't write the result.\n       No space left on device.\n")
    }

    @Test("init makes everything once, and again changes nothing")
    func initTwice() async throws {
        try fixture.write("skep.yaml", "# mine\nagents: {user: root}\n")

        let first = try await skep("init")
        let second = try await skep("init", "--json")

        #expect(first.status == 0)
        #expect(first.output.contains("kept      skep.yaml\n"))
        #expect(first.output.contains("made      agents/\n"))
        #expect(
            first.output.contains(
                "workflows/burndown.md.example isn't read as it is: it works a backlog off at night"
            ))
        #expect(
            try String(contentsOfFile: fixture.path + "/skep.yaml", encoding: .utf8)
                .hasPrefix("# mine"))
        #expect(!second.output.contains("\"is_new\": true"))
        #expect(try await skep("workflow", "list", "--quiet").output == "choose\nfix\n")
        #expect(try await skep("queue", "status").status == 0)
    }

    @Test("serve without repositories or a token says what is missing")
    func serveUnconfigured() async throws {
        #expect(try await skep("serve", "--allow-root").errors.contains("no repository to look at"))
        try fixture.write("skep.yaml", Fixture.tracker + "repositories: [ada/engine]\n")

        let outcome = try await skep("serve", "--allow-root")

        #expect(outcome.status == 78)
        #expect(outcome.errors.contains("The environment variable \"TOKEN\" isn't set."))
    }

    @Test("status says that nothing serves")
    func status() async throws {
        try await queue().close()

        #expect(
            try await skep("status").output
                == "skep serve isn't running on \(fixture.path)/state/skep\n")
        #expect(try await skep("restart").status == 1)
    }

    @Test("What needs a terminal says so before it does anything")
    func noTerminal() async throws {
        try await queue().close()
        let watch = try await skep("status", "--watch")
        let retire = try await skep("retire", "--older-than", "180d", "--reason", "Old.", "--json")

        #expect(watch.status == 64)
        #expect(watch.errors.hasPrefix("error: --watch needs a terminal"))
        #expect(retire.status == 64)
        #expect(retire.output.isEmpty)
        #expect(retire.errors.contains("Say --yes, or --dry-run to look."))
    }

    @Test(
        "Wrong values of options are refused before anything is looked at",
        arguments: [
            ["burndown", "--until", "25:00"], ["burndown", "--max-issues", "0"],
            ["burndown", "--agents", ","], ["burndown", "--repositories", "engine"],
            ["burndown", "--dry-run", "--wait"], ["dispatch", "1", "--to", " "],
            ["retire", "--reason", "x"], ["retire", "--older-than", "5", "--reason", "x"],
            ["retire", "--list", "x", "--older-than", "5d", "--reason", "x"],
            ["retire", "--list", "x", "--reason", " "], ["events", "--after", "0"],
            ["events", "--after", "1", "--limit", "2"], ["schedule", "next", "x", "-n", "0"],
            ["forge", "serve", "--quirks", "odd"], ["forge", "serve", "--faults", "502=2"],
            ["forge", "user", "add", "ada", "--scopes", "read:everything"],
        ])
    func wrongValues(arguments: [String]) async throws {
        let outcome = try await run(Self.program, arguments)

        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("error: "))
    }

    @Test("A mistyped command is told with the one that was meant")
    func unknownCommand() async throws {
        let outcome = try await skep("dispach", "12")

        #expect(outcome.status == 64)
        #expect(
            outcome.errors
                == "error: There is no command \"dispach\"; did you mean \"dispatch\"?\n")
        #expect(try await skep("queue", "lst").errors.contains("did you mean \"queue list\"?"))
    }

    @Test("What is finished can't be cancelled")
    func cancelFinished() async throws {
        let queue = try await queue()
        _ = try await queue.enqueue([NewJob("test")])
        _ = try await queue.cancel(JobID(rawValue: 1))
        await queue.close()

        let outcome = try await skep("queue", "cancel", "1")

        #expect(outcome.status == 1)
        #expect(outcome.errors == "error: Can't cancel job 1: it is cancelled already.\n")
    }

    @Test("An issue's text comes through a pipe, and a missing file is told as such")
    func issueText() async throws {
        let add =
            "\(Self.program) forge issue add ada/engine --data \(fixture.path)/forge --title T"
        _ = try await skep("forge", "user", "add", "ada", "--data", "\(fixture.path)/forge")
        _ = try await skep("forge", "repo", "add", "ada/engine", "--data", "\(fixture.path)/forge")

        let piped = try await shell("echo hi | \(add) --body-file -")
        let missing = try await shell("\(add) --body-file nowhere.md")

        #expect(piped.output == "Added ada/engine#1\n")
        #expect(missing.status == 1)
        #expect(
            missing.errors == """
                error: Can't read the text from "nowhere.md".
                       No such file or directory.

                """)
    }

    @Test("A file in the state folder's place is told as such")
    func stateIsFile() async throws {
        try fixture.write("thing", "")

        let outcome = try await skep("queue", "status", "--state", "thing")

        #expect(outcome.status == 78)
        #expect(outcome.errors.contains("The state \"\(fixture.path)/thing\" isn't a folder."))
    }

    @Test("init writes the state folder that is in force")
    func initNamesState() async throws {
        try fixture.write("config/skep/config.yaml", "agents: {user: root}\n")

        let outcome = try await skep("init", "--state", "here")

        let text = try String(contentsOfFile: fixture.path + "/skep.yaml", encoding: .utf8)
        #expect(text.contains("\nstate: \(fixture.path)/here\n"))
        #expect(
            outcome.output.hasSuffix(
                "Name the tracker and repositories in skep.yaml, then run \"skep check\".\n"))
    }

    @Test("A job's list says which run each is for")
    func jobSubjects() async throws {
        let queue = try await queue()
        let issue = try #require(IssueReference("ada/engine#12", in: nil))
        _ = try await SQLiteSwarmStore(queue).open(
            NewTrigger(issue: issue, agent: "claude", cause: .command(id: "1")),
            NewRun(
                issue: issue, issueTitle: "It stalls", agent: "claude", workflow: "fix",
                branch: "claude/issue-12", firstStep: NewStepJob(step: "work")),
            reports: [NewReport(topic: "dispatched", body: "Dispatched.")])
        _ = try await queue.enqueue([NewJob("test")])
        let listed = try await ListedJob.list(queue.jobs(matching: JobFilter()), from: queue)
        await queue.close()

        #expect(Set(listed.map(\.about)) == ["test", "report of run 1", "run 1 work"])
        #expect(Set(listed.map { $0.subject?.run?.rawValue }) == [nil, 1])
    }

    @Test("An agent is added from a preset, and never over another")
    func addAgent() async throws {
        try fixture.write("skep.yaml", "")
        try fixture.write("agents/claude.md", "---\nname: claude\nadapter: patch\n---\nMine.\n")

        let added = try await skep("agent", "add", "tidy", "--preset", "patch")
        let again = try await skep("agent", "add", "tidy", "--preset", "patch")
        let other = try await skep("agent", "add", "claude")
        let unknown = try await skep("agent", "add", "x", "--preset", "claud")

        #expect(added.status == 0)
        #expect(added.output.contains("agents/tidy.md"))
        let text = try String(contentsOfFile: "\(fixture.path)/agents/tidy.md", encoding: .utf8)
        #expect(text.contains("\nname: tidy\n"))
        #expect(again.status == 1)
        #expect(again.errors.hasPrefix("error: There is an agent \"tidy\" already.\n"))
        #expect(other.status == 1)
        let kept = try String(contentsOfFile: "\(fixture.path)/agents/claude.md", encoding: .utf8)
        #expect(kept.hasSuffix("Mine.\n"))
        #expect(unknown.status == 64)
        #expect(unknown.errors.contains("Did you mean \"claude\"?"))
        #expect(unknown.errors.contains("skep agent add x --preset claude\n"))
    }

    @Test("A file that holds another agent under the new one's name isn't overwritten")
    func addOverFile() async throws {
        try fixture.write("skep.yaml", "")
        try fixture.write("agents/tidy.md", "---\nname: other\nadapter: patch\n---\n")

        let outcome = try await skep("agent", "add", "tidy", "--preset", "patch")

        #expect(outcome.status == 1)
        #expect(outcome.errors.hasPrefix("error: Can't write \"agents/tidy.md\".\n"))
        let kept = try String(contentsOfFile: "\(fixture.path)/agents/tidy.md", encoding: .utf8)
        #expect(kept.contains("name: other"))
    }

    @Test(
        "Commands that steer a run say that there is none",
        arguments: [
            ["run", "say", "9", "hi"], ["run", "attach", "9"], ["run", "stop", "9"],
            ["run", "resume", "9"],
        ])
    func steerNothing(arguments: [String]) async throws {
        try await queue().close()

        let outcome = try await run(Self.program, arguments)

        #expect(outcome.status == 1)
        #expect(outcome.errors.hasPrefix("error: There is no run 9\n"))
    }
}
