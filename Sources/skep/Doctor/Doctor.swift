import Logging
import SkepAgents
import SkepCore
import SkepEngine
import SkepQueue
import SkepQueueSQLite
import SkepTrackers

/// Tries everything that Skep needs, one after the other, and says how each stands.
struct Doctor {
    let house: House
    let console: Console

    /// - Parameter tell: Gets each finding as soon as it is known.
    func examine(_ tell: (Diagnosis) -> Void) async -> [Diagnosis] {
        var findings: [Diagnosis] = []
        func add(_ new: [Diagnosis]) {
            new.forEach(tell)
            findings += new
        }
        add([configuration])
        add(Machine(house).findings)
        add([await database()])
        add([server])
        add(TokenFile.findings(house))
        add(await tracker())
        add(webhooks)
        add(agentUser())
        let sandbox = await SandboxFinding(host: house.agentHouse.host)
        add([sandbox.diagnosis])
        add(await agents(sandbox))
        add(await parkedAccounts())
        return findings
    }

    private var configuration: Diagnosis {
        let count = house.configuration.repositories.count
        let text = [
            Phrase.count(count, "repository", "repositories"),
            "\(Phrase.count(house.agents.count, "agent")) (\(house.agentsFolder))",
            "\(Phrase.count(house.workflows.count, "workflow")) (\(house.workflowsFolder))",
        ].joined(separator: ", ")
        if count == 0, let absence = house.absence {
            return Diagnosis(
                "configuration", .fail, "\(absence) \(text)",
                advice: ConfigurationLayers.absenceAdvice)
        }
        return count == 0
            ? Diagnosis(
                "configuration", .fail, text,
                advice: "Name the repositories to work on under \"repositories\" in skep.yaml.")
            : Diagnosis("configuration", .ok, text)
    }

    private func database() async -> Diagnosis {
        guard house.state.hasDatabase else {
            return Diagnosis(
                "database", .warn, "There is none yet in \(house.state.path).",
                advice: "\"skep init\" makes it, \"skep serve\" too.")
        }
        do {
            let queue = try await house.state.openQueue()
            let jobs = try await queue.status().flatMap(\.counts.values).reduce(0, +)
            await queue.close()
            return Diagnosis(
                "database", .ok, "\(house.state.database), \(Phrase.count(jobs, "job"))")
        } catch {
            return Diagnosis("database", of: error)
        }
    }

    private var server: Diagnosis {
        if let obstacle = ServeLock.obstacle(house.state) {
            return Diagnosis(
                "serve", .warn, "It can't be told whether \"skep serve\" runs here: \(obstacle).",
                advice: StateFolder.otherUserAdvice)
        }
        guard let holder = ServeLock.holder(house.state) else {
            return Diagnosis("serve", .ok, "\"skep serve\" isn't running here")
        }
        return Diagnosis("serve", .ok, "\"skep serve\" runs as process \(holder.processID)")
    }

    // Tracker

    private func tracker() async -> [Diagnosis] {
        let tracker: any Tracker
        do {
            let logger = StderrLog.remarks(level: .error, on: console)
            tracker = try Assembly(house, logger: logger).tracker()
            let probe = try await tracker.probe()
            var findings = [
                Diagnosis(
                    "tracker", .ok,
                    "\(probe.product) \(probe.version) at \(house.configuration.tracker?.address ?? "?")"
                        + (probe.login.map { ", as \($0)" } ?? ""))
            ]
            for repository in house.configuration.repositories {
                let finding = await self.repository(repository, tracker)
                findings.append(finding)
                if finding.verdict != .fail {
                    findings += await Rights(
                        repository.name, tracker,
                        namesUsers: !house.configuration.dispatch.allowedUsers.isEmpty
                    ).findings()
                }
            }
            findings += await accounts(tracker)
            return findings
        } catch {
            return [Diagnosis("tracker", of: error)]
        }
    }

    private func repository(_ repository: Configuration.Repository, _ tracker: any Tracker) async
        -> Diagnosis
    {
        let subject = "repository \(repository.name)"
        do {
            let found = try await tracker.repository(repository.name)
            if found.isArchived {
                return Diagnosis(
                    subject, .fail, "It is archived.", advice: "Take it off the list.")
            }
            if found.isEmpty {
                return Diagnosis(
                    subject, .fail, "It is empty.",
                    advice: "Push a first commit: agents work from the default branch.")
            }
            switch found.canPush {
            case true?: break
            case false?:
                return Diagnosis(
                    subject, .fail, "The token may not push to it.",
                    advice: "Give its user write access.")
            case nil:
                return Diagnosis(
                    subject, .warn, "The tracker doesn't say whether the token may push to it.")
            }
            let remote = repository.remote.map { ", by way of \($0)" } ?? ""
            return Diagnosis(subject, .ok, "default branch \(found.defaultBranch)\(remote)")
        } catch {
            return Diagnosis(subject, of: error)
        }
    }

    /// Whether the agents' own accounts on the tracker are who they should be.
    private func accounts(_ tracker: any Tracker) async -> [Diagnosis] {
        var findings: [Diagnosis] = []
        for definition in house.agents.map(\.definition) {
            guard let source = definition.accountToken else { continue }
            let subject = "account of \(definition.name)"
            do {
                let token = try ConfiguredSecret.read(
                    source, purpose: "for the account of \(definition.name)", house.surroundings)
                let login = try await tracker.signedIn(with: token).probe().login
                guard let login, let named = definition.login, login != named else {
                    findings.append(
                        Diagnosis(subject, .ok, login.map { "signs in as \($0)" } ?? "signs in"))
                    continue
                }
                findings.append(
                    Diagnosis(
                        subject, .fail, "Its token is \(login)'s, not \(named)'s.",
                        advice: "Make a token as \(named), or set account.login to \(login)."))
            } catch {
                findings.append(Diagnosis(subject, .fail, of: error))
            }
        }
        return findings
    }

    /// Whether webhooks could be taken.
    private var webhooks: [Diagnosis] {
        guard let settings = house.configuration.webhooks else {
            return [
                Diagnosis(
                    "webhooks", .ok,
                    "not taken; the tracker is asked every \(house.configuration.pollInterval.components.seconds) s"
                )
            ]
        }
        do {
            _ = try ConfiguredSecret.read(
                settings.secret, purpose: "for the webhooks", house.surroundings)
            return [
                Diagnosis(
                    "webhooks", .ok,
                    "http://\(settings.host):\(settings.port)/hooks; Gitea sends to this machine only "
                        + "if its webhook.ALLOWED_HOST_LIST says so")
            ]
        } catch {
            return [Diagnosis("webhooks", .fail, of: error)]
        }
    }

    // Agents

    private func agentUser() -> [Diagnosis] {
        guard house.surroundings.isRoot else { return [] }
        guard let user = house.agentHouse.user else {
            let advice = "\"skep init\" makes a user for them; agents.user names another."
            return house.agentHouse.allowsRoot
                ? [Diagnosis("agents' user", .warn, "Agents run as root.", advice: advice)]
                : [
                    Diagnosis(
                        "agents' user", .fail,
                        "There is no user \"\(house.configuration.agentUser)\" that isn't root.",
                        advice: advice)
                ]
        }
        let reach = Reach(userID: user.uid, groupID: user.gid)
        let shut = [house.state.path, house.agentHouse.host].compactMap { path in
            reach.obstacle(to: path).map { (path, $0) }
        }
        guard shut.isEmpty else {
            return shut.map { path, obstacle in
                Diagnosis(
                    "agents' user", .fail, "\(user.name) can't reach \(path): \(obstacle) is shut.",
                    advice: "chmod o+x \(obstacle), or use another place.")
            }
        }
        return [Diagnosis("agents' user", .ok, "\(user.name), which reaches what it needs")]
    }

    private func agents(_ sandbox: SandboxFinding) async -> [Diagnosis] {
        guard !house.agents.isEmpty else {
            return [
                Diagnosis(
                    "agents", .fail, "There are none in \(house.agentsFolder).",
                    advice: "An agent is a Markdown file there; \"skep init\" writes some.")
            ]
        }
        var findings: [Diagnosis] = []
        for agent in house.agents {
            let subject = "agent \(agent.definition.name)"
            do {
                try await agent.check()
                findings.append(
                    sandbox.obstacle(to: agent.definition)
                        ?? Diagnosis(
                            subject, .ok,
                            ["could start", agent.definition.openness].compactMap { $0 }
                                .joined(separator: "; ")))
                if let loose = (agent as? any InspectableAgent)?.looseBudgets(house.prices) {
                    findings.append(
                        Diagnosis(subject, .warn, "Its budgets of \(loose)."))
                }
            } catch {
                findings.append(
                    (error as? AgentsError).map { Diagnosis(subject, .warn, of: $0) }
                        ?? Diagnosis(subject, .warn, of: error))
            }
        }
        if findings.allSatisfy({ $0.verdict != .ok }) {
            findings.append(
                Diagnosis(
                    "agents", .fail, "None of them could start.",
                    advice: "Mend at least one of the above, or add one."))
        }
        return findings
    }
}
