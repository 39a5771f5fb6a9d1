internal import SkepQueue

// What Skep says of agents that can't go on.
extension ReportText {
    /// That an agent's session failed for good: what it is, what it was known by, what to do.
    public static func failed(
        agent: AgentName, run: RunID, failure: AgentFailure, kept: String? = nil, tail: String = ""
    ) -> NewReport {
        // What Skep found out itself is its own evidence, and a code before the same words says no more.
        let evidence = failure.evidence.filter {
            !failure.message.contains($0.text) && !$0.text.contains(failure.message)
                && !$0.rule.hasPrefix("ending/")
        }.prefix(3).map { evidence in
            "\(evidence.source) said \"\(quotable(evidence.text))\" (\(evidence.rule))"
        }
        return result([
            "❌ \(agent) failed: \(sentence(failure.sentence))",
            list(evidence),
            failure.type.advice,
            quoted("The end of what it printed", tail),
            kept.map { "What it had done is kept: \($0)" },
            "Nothing more happens by itself. To try again, write `/skep retry` in a comment; "
                + "`skep run show \(run)` tells more.",
        ])
    }

    /// That a run waits for its agent's account with the provider; said once of each type.
    ///
    /// - Parameter until: A time as people read it.
    public static func waits(
        agent: AgentName, account: ProviderAccount, failure: AgentFailure, until: String
    ) -> NewReport {
        waits(
            failure.type,
            [
                "⏳ \(agent) waits: account \(quotable(account.rawValue)) is "
                    + "\(failure.type.words). It is tried again at \(until).",
                failure.type.advice,
                "As soon as it works again, `/skep retry` in a comment has it tried at once, or "
                    + "`\(account.resumeCommand.filter { $0 != "\"" })`.",
            ])
    }

    /// That a run waits for more of its agent's budget.
    ///
    /// - Parameter until: A time as people read it.
    public static func waits(
        agent: AgentName, run: RunID, failure: AgentFailure, until: String
    ) -> NewReport {
        waits(
            failure.type,
            [
                "⏳ \(agent) waits: \(failure.sentence). It goes on at \(until).",
                "With a larger budget (`budgets` in the agent's file, then `skep restart`), "
                    + "`skep run resume \(run)` has it go on at once.",
            ])
    }

    private static func waits(_ type: FailureType, _ parts: [String?]) -> NewReport {
        NewReport(
            topic: "waits-\(type.rawValue)",
            body: parts.compactMap { $0 }.joined(separator: "\n\n"))
    }
}

extension FailureType {
    /// What a person can do about it; `nil`: nothing but wait, or try again.
    public var advice: String? {
        switch self {
        case .authentication:
            "Log in again, or mend the key that the agent's file names in `secrets`; one that is a "
                + "variable of Skep's own environment takes a restart."
        case .refused: "Say it in another way on the issue, or ask another agent."
        case .missingProgram: "Install the program, or mend `command` in the agent's file."
        case .wrongVersion:
            "Bring the agent's program up to date, or mend the options in the agent's file."
        case .startFailed: "`skep check` tells what is missing."
        case .budget:
            "Raise the budget in the agent's file (`budgets`), or do the rest by hand."
        case .noProgress: "Say more about what is wanted on the issue, or ask another agent."
        case .policyViolation:
            "Look at what it did. In the agent's file, `permissions` says what it may, and "
                + "`secrets` what it is given."
        case .sandbox: "`skep check` tells which sandbox this machine has."
        case .setupFailed: "Mend the set-up commands of the repository."
        case .outOfMemory: "Raise `limits.memory_mb` in the agent's file."
        case .diskFull: "Make room on the disk of the state folder."
        case .diskLimit: "Raise `limits.disk_mb` in the agent's file, or have it leave less behind."
        case .timedOut:
            "Raise its time in the agent's file (`minutes`, `seconds` or `processor_minutes` under "
                + "`limits`), or make the issue smaller."
        case .tooManyProcesses:
            "Raise `limits.processes` in the agent's file, if what it does takes so many."
        case .outputLimit: "Raise `limits.output_mb` in the agent's file, or have it print less."
        case .protocolViolation:
            "`skep agent test` shows whether its program and its adapter fit together; `skep run log` "
                + "has what it said."
        case .quota, .rateLimit, .overload, .network, .contextOverflow, .sessionGone, .crashed,
            .stalled, .noChanges, .stopped, .lost, .unknown:
            nil
        }
    }
}
