import Foundation
import SkepCore
import SkepQueue
import SkepWire
import Testing

@testable import SkepAgents

@Suite("Rules for failures")
struct FailureRulesTests {
    /// 2026-11-23 10:00 UTC.
    static let now = Timestamp(milliseconds: 1_795_428_000_000)

    private func judge(
        _ ending: SessionResult.Ending = .exited(code: 1), troubles: [AgentTrouble] = [],
        turnEnd: TurnEnd? = nil, errors: String = "", tail: String = "",
        adapter: String = "claude-code", program: String = ""
    ) -> AgentFailure? {
        FailureRules.judge(
            ending: ending, troubles: troubles, turnEnd: turnEnd, errorOutput: errors, tail: tail,
            adapter: adapter, program: program, now: Self.now, zone: .gmt)
    }

    @Test(
        "What agents say of their providers is understood",
        arguments: [
            ("Failed to authenticate. API Error: 401 Invalid API key", .authentication),
            ("Invalid API key · Please run /login", .authentication),
            (
                "unexpected status 401 Unauthorized: Invalid API key, url: http://127.0.0.1/v1",
                .authentication
            ),
            ("API key not valid. Please pass a valid API key.", .authentication),
            ("Claude AI usage limit reached|1795435200", .quota),
            ("You've hit your session limit · resets 3pm (Europe/Berlin)", .quota),
            ("You've hit your usage limit. Upgrade to Pro or try again at 5:04 PM.", .quota),
            ("Error code: 429 - You exceeded your current quota, please check your plan", .quota),
            (#"API Error: 529 {"type":"overloaded_error"}"#, .overload),
            (
                "We’re currently experiencing high demand, which may cause temporary errors.",
                .overload
            ),
            ("API Error: 500 Internal server error", .overload),
            ("exceeded retry limit, last status: 429 Too Many Requests", .rateLimit),
            ("got status: RESOURCE_EXHAUSTED", .rateLimit),
            ("prompt is too long: 210000 tokens > 200000 maximum", .contextOverflow),
            ("This model's maximum context length is 131072 tokens", .contextOverflow),
            (
                "Claude Code is unable to respond to this request, which appears to violate our Usage Policy",
                .refused
            ),
            ("stream disconnected before completion: error sending request for url", .network),
            ("connect ECONNREFUSED 127.0.0.1:443", .network),
            ("write /x: No space left on device", .diskLimit),
            ("There's an issue with the selected model (claude-9)", .startFailed),
            ("something nobody has seen", .unknown),
        ] as [(String, FailureType)])
    func words(text: String, type: FailureType) {
        let failure = judge(troubles: [AgentTrouble(text: text, isFatal: true)])

        #expect(failure?.type == type, "\(String(describing: failure))")
        #expect(failure?.evidence.first?.source == "problem")
        #expect(failure?.evidence.first?.rule.hasSuffix("@\(FailureRules.version)") == true)
    }

    @Test(
        "The program's error output is understood when it ends badly",
        arguments: [
            ("error: unexpected argument '--jsn' found", .wrongVersion),
            ("Error: Invalid API key (from env var SCRIPTED_API_KEY).", .authentication),
            ("FATAL ERROR: Reached heap limit - JavaScript heap out of memory", .outOfMemory),
            ("Traceback …\nValueError: boom", .unknown),
            ("port 14012 opened", .unknown),
            ("FileNotFoundError: [Errno 2] No such file or directory: 'x'", .unknown),
        ] as [(String, FailureType)])
    func errorOutput(text: String, type: FailureType) {
        #expect(judge(errors: text, adapter: "acp")?.type == type)
        #expect(judge(.exited(code: 0), turnEnd: .done, errors: text, adapter: "acp") == nil)
    }

    @Test("Exit status 0 with a fatal trouble inside is a failure; one got over isn't")
    func fatalInside() {
        let trouble = AgentTrouble(text: "API Error: 529 Overloaded", code: "529", isFatal: true)
        var passed = trouble
        passed.isFatal = false

        #expect(judge(.exited(code: 0), troubles: [trouble], turnEnd: .done)?.type == .overload)
        #expect(judge(.exited(code: 0), troubles: [passed], turnEnd: .done) == nil)
    }

    @Test("A program without a protocol that ends with status 0 is judged by its last word only")
    func lastWord() {
        let aider = "litellm.AuthenticationError: OpenAIException - Invalid API key\nTokens: 0\n"

        #expect(
            judge(.exited(code: 0), tail: aider, adapter: "command", program: "/usr/bin/aider")?
                .type
                == .authentication)
        #expect(
            judge(
                .exited(code: 0), tail: "I fixed how `litellm.AuthenticationError` is caught.",
                adapter: "command", program: "/usr/bin/aider") == nil)
        #expect(
            judge(
                .exited(code: 0), tail: "test: 401 unauthorized, 429 rate limit\nok",
                adapter: "command")
                == nil)
    }

    @Test(
        "Words that a model may say park no account, however its program ends",
        arguments: [
            "FAIL test_login: expected 200, got 401 Unauthorized\n",
            "I changed the login form so that it says 'Please log in' when the token has expired.\n",
            "Invalid API key is what the form says now.\n", "Add credits to the bill: done.\n",
            "You've hit your usage limit is the new text.\n1 test failed\n",
            "The test says: Claude AI usage limit reached|1795435200\n",
            "FAIL test: error: invalid api key\n",
            "error: expected \"You've hit your usage limit\"\n",
        ])
    func modelsWords(printed: String) {
        for ending in [SessionResult.Ending.exited(code: 1), .signalled(9)] {
            let failure = judge(ending, tail: printed, adapter: "command")

            #expect(failure?.type.remedy == .retry(resumes: true), "\(String(describing: failure))")
        }
    }

    @Test(
        "A program without a protocol whose last line is its provider's refusal is refused",
        arguments: [
            ("Invalid API key · Please run /login", .authentication),
            ("Failed to authenticate. API Error: 401 Invalid API key", .authentication),
            ("unexpected status 401 Unauthorized: Invalid API key", .authentication),
            ("Error: Invalid API key (from env var MISTRAL_API_KEY).", .authentication),
            ("HTTP 401: Incorrect API key provided", .authentication),
            ("Claude AI usage limit reached|1795435200", .quota),
            ("  You've hit your session limit · resets 3pm (Europe/Berlin)", .quota),
            ("Credit balance is too low", .quota),
            ("Error code: 429 - You exceeded your current quota, please check your plan", .quota),
            ("[API Error: You have exhausted your daily quota on this model.]", .quota),
            ("ERROR: You've hit your usage limit. Upgrade to Pro.", .quota),
            ("API Error: 529 Overloaded", .overload),
        ] as [(String, FailureType)])
    func printedRefusals(line: String, type: FailureType) {
        let failure = judge(tail: "I looked around.\n\n\(line)\n\n", adapter: "command")

        #expect(failure?.type == type, "\(String(describing: failure))")
    }

    @Test("A turn that ends well with a provider's refusal as its last word is a failure")
    func lastMessage() {
        func type(_ message: String) -> FailureType? {
            FailureRules.judge(
                ending: .exited(code: 0), troubles: [], turnEnd: .done, errorOutput: "", tail: "",
                lastMessage: message, adapter: "acp", program: "/usr/bin/hermes",
                now: Self.now)?.type
        }

        #expect(type("HTTP 401: scripted 401") == .authentication)
        #expect(type("HTTP 429: You exceeded your current quota") == .quota)
        #expect(type("HTTP 429: slow down") == .rateLimit)
        #expect(type("API call failed after 3 retries: HTTP 500: scripted 500") == .overload)
        #expect(
            type("API call failed after 3 retries: HTTP 429: You exceeded your current quota")
                == .quota)
        #expect(type("Done. The server answers HTTP 401: now without a key.") == nil)
    }

    @Test("Hermes without a protocol is refused when that is its answer, not when it stands in one")
    func plainHermes() {
        func type(_ printed: String) -> FailureType? {
            judge(.exited(code: 0), tail: printed, adapter: "command", program: "/usr/bin/hermes")?
                .type
        }

        #expect(type("HTTP 401: Incorrect API key provided\n") == .authentication)
        #expect(type("HTTP 429: You exceeded\nyour quota.\nSee\nthe\ndocs.\n") == .rateLimit)
        #expect(type("Billing or credits exhausted: HTTP 402: x\n\nAdd credits.\n") == .quota)
        #expect(
            type("Done. Without a key it prints:\nHTTP 401: Incorrect API key provided\n") == nil)
        #expect(type("The server says:\n\nHTTP 500: oops\n\nI mended that.\n") == nil)
    }

    @Test(
        "An honest sentence that sounds like a provider's refusal is none",
        arguments: [
            ("claude-code", "/usr/bin/claude", false), ("codex", "/usr/bin/codex", false),
            ("acp", "/usr/bin/vibe-acp", false), ("command", "/usr/bin/sh", false),
            // A turn of Hermes that its provider refused tells no use.
            ("acp", "/opt/hermes/bin/hermes", true), ("acp", "/opt/hermes/bin/hermes-acp", true),
        ])
    func honestSentence(adapter: String, program: String, isCounted: Bool) {
        for text in [
            "HTTP 401: now returned when the token is missing.", "HTTP 500: no longer returned.",
        ] {
            let failure = FailureRules.judge(
                ending: .exited(code: 0), troubles: [], turnEnd: adapter == "command" ? nil : .done,
                errorOutput: "", tail: text, lastMessage: text, isCounted: isCounted,
                adapter: adapter, program: program, now: Self.now)

            #expect(failure == nil)
        }
    }

    @Test("A turn is counted when what it used was told since it was told what to do")
    func countsTurns() {
        var digest = SessionDigest()
        for event in [.told("a"), .usage(Usage(input: 1)), .turnEnded(.done)]
            as [SessionEvent.Kind]
        { digest.take(event) }
        #expect(digest.isTurnCounted)

        digest.take(.told("b"))
        digest.take(.turnEnded(.done))

        #expect(!digest.isTurnCounted)
    }

    @Test("What passes through a protocol, and isn't the agent's word of itself, is not looked at")
    func outputOfTools() {
        let printed = #"{"type":"user","content":"HTTP 401 Unauthorized: Invalid API key"}"#

        #expect(judge(tail: printed, adapter: "claude-code")?.type == .unknown)
    }

    @Test("A text knows better than the code 429 that a quota shares with a rate limit")
    func codes() {
        func type(_ text: String, _ code: String) -> FailureType? {
            judge(troubles: [AgentTrouble(text: text, code: code, isFatal: true)])?.type
        }

        #expect(type("You've hit your usage limit.", "429") == .quota)
        #expect(type("slow down", "429") == .rateLimit)
        #expect(type("no", "authentication_failed") == .authentication)
    }

    @Test(
        "How a session ended decides where it says it all",
        arguments: [
            (.overLimit(.memory), .outOfMemory), (.overLimit(.disk), .diskLimit),
            (.overLimit(.processes), .tooManyProcesses), (.signalled(9), .crashed),
            (.silent, .stalled), (.timedOut, .timedOut), (.lost, .lost), (.stopped, .stopped),
            (.outputLimit, .outputLimit), (.startFailed("\"x\" isn't there"), .startFailed),
            (.exited(code: 127), .missingProgram),
        ] as [(SessionResult.Ending, FailureType)])
    func endings(ending: SessionResult.Ending, type: FailureType) {
        #expect(judge(ending)?.type == type)
    }

    @Test("A program that a script needs and that isn't there is named")
    func namesMissingProgram() {
        let failure = judge(
            .exited(code: 127),
            errors: "python3: line 8: /root/.pyenv/libexec/pyenv: No such file or directory\nbye\n")

        #expect(
            failure?.sentence
                == "program missing: exit status 127: python3: line 8: /root/.pyenv/libexec/pyenv: "
                + "No such file or directory")
    }

    @Test("What no rule knows is said once")
    func saysOnce() {
        #expect(judge(.exited(code: 3))?.sentence == "exit status 3")
    }

    @Test(
        "What keeps a program from starting is told by the stage and the system's number",
        arguments: [
            (.execute, ENOENT, .missingProgram), (.execute, EACCES, .missingProgram),
            (.directory, ENOENT, .startFailed), (.mounts, EPERM, .sandbox),
            (.fork, EAGAIN, .tooManyProcesses),
        ] as [(StartStage, Int32, FailureType)])
    func starts(stage: StartStage, number: Int32, type: FailureType) {
        #expect(FailureType(start: .startFailed(stage: stage, errno: number)) == type)
    }

    @Test(
        "Codes of the dialogues have types; of agents' own, a text may know better",
        arguments: [
            ("acp", "-32000", "Please choose", .authentication),
            ("acp", "-32000", "Rate limited: 429 Too Many Requests", .rateLimit),
            ("acp", "policy_violation", "It asked 51 times", .policyViolation),
            ("acp", "wrong_version", "It speaks version 9", .wrongVersion),
            ("codex", "resume_failed", "thread/resume failed", .sessionGone),
            ("claude-code", "resume_failed", "No conversation found", .sessionGone),
            ("claude-code", "usage_limit", "nothing that is known", .quota),
            ("codex", "429", "exceeded retry limit, last status: 429 Too Many", .rateLimit),
        ] as [(String, String, String, FailureType)])
    func dialogueCodes(adapter: String, code: String, text: String, type: FailureType) {
        let trouble = AgentTrouble(text: text, code: code, isFatal: true)

        let failure = judge(troubles: [trouble], adapter: adapter)

        #expect(failure?.type == type)
        #expect(failure?.message == text)
    }

    @Test("A code stands in the evidence, and in the sentence only where there is no other word")
    func codesInSentences() {
        func failure(_ text: String) -> AgentFailure? {
            judge(
                troubles: [AgentTrouble(text: text, code: "policy_violation", isFatal: true)],
                adapter: "acp")
        }

        #expect(failure("It asked 51 times")?.sentence == "did what it may not: It asked 51 times")
        #expect(
            failure("It asked 51 times")?.evidence.first?.text
                == "policy_violation: It asked 51 times")
        #expect(failure("")?.sentence == "did what it may not: policy_violation")
    }

    @Test("A usage limit's reset time is read from the form that Skep itself gives it")
    func usageLimit() {
        let reset = Self.now + .seconds(3600)
        let text = "Claude AI usage limit reached (five_hour)|\(reset.milliseconds / 1000)"
        let trouble = AgentTrouble(text: text, code: "usage_limit", isFatal: true)

        #expect(judge(troubles: [trouble], adapter: "claude-code")?.resetsAt == reset)
    }

    @Test(
        "A turn's end counts where the program ends well",
        arguments: [
            (.done, nil), (.refused, .refused), (.limit, .contextOverflow), (.failed, .unknown),
        ] as [(TurnEnd, FailureType?)])
    func turns(end: TurnEnd, type: FailureType?) {
        #expect(judge(.exited(code: 0), turnEnd: end)?.type == type)
    }

    @Test(
        "Reset times are read in all the ways they are told",
        arguments: [
            ("Claude AI usage limit reached|1795435200", "2026-11-23T12:00:00Z"),
            ("limit reached · resets at 4am (Europe/Berlin)", "2026-11-24T03:00:00Z"),
            ("limit · resets 3pm", "2026-11-23T15:00:00Z"),
            ("limit · resets 9:30am", "2026-11-24T09:30:00Z"),
            ("limit · resets 9:58am", "2026-11-23T10:01:00Z"),
            ("limit · resets 3pm PDT", "2026-11-23T22:00:00Z"),
            ("limit · resets 3pm (Pacific)", "2026-11-23T23:00:00Z"),
            ("limit · resets at 15:00 CET", "2026-11-23T14:00:00Z"),
            ("limit · resets 3pm tomorrow", "2026-11-23T15:00:00Z"),
            ("limit · resets Nov 26, 4am (UTC)", "2026-11-26T04:00:00Z"),
            ("try again at 5:04 PM.", "2026-11-23T17:04:00Z"),
            ("try again at Nov 25th, 2026 5:04 PM.", "2026-11-25T17:04:00Z"),
            ("or try again in 2 days 3 hours.", "2026-11-25T13:00:00Z"),
            ("try again in 3h 12m", "2026-11-23T13:12:00Z"),
            ("Please retry in 17.5s.", "2026-11-23T10:00:17.500Z"),
            ("Your quota will reset after 1h2m3s.", "2026-11-23T11:02:03Z"),
            ("try again in 1 hour and 5 minutes", "2026-11-23T11:05:00Z"),
            ("429; Retry-After: 120", "2026-11-23T10:02:00Z"),
            ("resets at 2026-11-23T16:00:00Z", "2026-11-23T16:00:00Z"),
            ("resets at 2026-11-23T16:00:00.250+01:00", "2026-11-23T15:00:00Z"),
        ])
    func resetTimes(text: String, time: String) throws {
        let found = try #require(ResetTime(now: Self.now, zone: .gmt).find(in: text))

        let precise = Date.ISO8601FormatStyle(includingFractionalSeconds: time.contains("."))
        let expected = try Date(time, strategy: precise)
        #expect(found.milliseconds == Int64(expected.timeIntervalSince1970 * 1000))
    }

    @Test(
        "A reset time that has passed, is absurd or isn't there is left out",
        arguments: [
            "limit reached|1700000000", "limit reached|1999999999", "try again in 30 days",
            "resets at 99pm", "Retry-After: 9999999", "no time at all", "resets soon, maybe at 7",
            "resets at 2026-13-45T99:00:00Z",
        ])
    func noResetTime(text: String) {
        #expect(ResetTime(now: Self.now, zone: .gmt).find(in: text) == nil)
    }
}
