import Logging
import SkepAgents
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepTrackers

/// Tries everything that Skep needs, one after the other, and says how each stands.
struct Doctor {
    let house: House
    let console: Console

    /// - Parameter tell: Gets each finding as soon as it is known.
    func examine(_ tell: (Finding) -> Void) async -> [Finding] {
        var findings: [Finding] = []
        func add(_ new: [Finding]) {
            new.forEach(tell)
            findings += new
        }
        add([configuration])
        add(Machine(house).findings)
        add([await database()])
        add([server])
        add(TokenFile.findings(house))
        add(await tracker())
        add(agentUser())
        add(await agents())
        return findings
    }

    private var configuration: Finding {
        let count = house.configuration.repositories.count
        let text = [
            TimeText.count(count, "repository", "repositories"),
            "\(TimeText.count(house.agents.count, "agent")) (\(house.agentsFolder))",
            "\(TimeText.count(house.workflows.count, "workflow")) (\(house.workflowsFolder))",
        ].joined(separator: ", ")
        return count == 0
            ? Finding(
                "configuration", .fail, text,
                advice: "Name the repositories to work on under \"repositories\" in skep.yaml.")
            : Finding("configuration", .ok, text)
    }

    private func database() async -> Finding {
        guard house.state.hasDatabase else {
            return Finding(
                "database", .warn, "There is none yet in \(house.state.path).",
                advice: "\"skep init\" makes it, \"skep serve\" too.")
        }
        do {
            let queue = try await house.state.openQueue()
            let jobs = try await queue.status().flatMap(\.counts.values).reduce(0, +)
            await queue.close()
            return Finding(
                "database", .ok, "\(house.state.database), \(TimeText.count(jobs, "job"))")
        } catch {
            return Finding("database", of: error)
        }
    }

    private var server: Finding {
        if let obstacle = ServeLock.obstacle(house.state) {
            return Finding(
                "serve", .warn, "It can't be told whether \"skep serve\" runs here: \(obstacle).",
                advice: StateFolder.otherUserAdvice)
        }
        guard let holder = ServeLock.holder(house.state) else {
            return Finding("serve", .ok, "\"skep serve\" isn't running here")
        }
        return Finding("serve", .ok, "\"skep serve\" runs as process \(holder.processID)")
    }

    // Tracker

    private func tracker() async -> [Finding] {
        let tracker: any Tracker
        do {
            let logger = StderrLog.remarks(level: .error, on: console)
            tracker = try Assembly(house, logger: logger).tracker()
            let probe = try await tracker.probe()
            var findings = [
                Finding(
                    "tracker", .ok,
                    "\(probe.product) \(probe.version) at \(house.configuration.tracker?.address ?? "?")"
                        + (probe.login.map { ", as \($0)" } ?? ""))
            ]
            for repository in house.configuration.repositories {
                findings.append(await self.repository(repository, tracker))
            }
            return findings
        } catch {
            return [Finding("tracker", of: error)]
        }
    }

    private func repository(_ repository: Configuration.Repository, _ tracker: any Tracker) async
        -> Finding
    {
        let subject = "repository \(repository.name)"
        do {
            let found = try await tracker.repository(repository.name)
            if found.isArchived {
                return Finding(
                    subject, .fail, "It is archived.", advice: "Take it off the list.")
            }
            if found.isEmpty {
                return Finding(
                    subject, .fail, "It is empty.",
                    advice: "Push a first commit: agents work from the default branch.")
            }
            switch found.canPush {
            case true?: break
            case false?:
                return Finding(
                    subject, .fail, "The token may not push to it.",
                    advice: "Give its user write access.")
            case nil:
                return Finding(
                    subject, .warn, "The tracker doesn't say whether the token may push to it.")
            }
            let remote = repository.remote.map { ", by way of \($0)" } ?? ""
            return Finding(subject, .ok, "default branch \(found.defaultBranch)\(remote)")
        } catch {
            return Finding(subject, of: error)
        }
    }

    // Agents

    private func agentUser() -> [Finding] {
        guard house.surroundings.isRoot else { return [] }
        guard let user = house.agentHouse.user else {
            let advice = "\"skep init\" makes a user for them; agents.user names another."
            return house.agentHouse.allowsRoot
                ? [Finding("agents' user", .warn, "Agents run as root.", advice: advice)]
                : [
                    Finding(
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
                Finding(
                    "agents' user", .fail, "\(user.name) can't reach \(path): \(obstacle) is shut.",
                    advice: "chmod o+x \(obstacle), or use another place.")
            }
        }
        return [Finding("agents' user", .ok, "\(user.name), which reaches what it needs")]
    }

    private func agents() async -> [Finding] {
        guard !house.agents.isEmpty else {
            return [
                Finding(
                    "agents", .fail, "There are none in \(house.agentsFolder).",
                    advice: "An agent is a Markdown file there; \"skep init\" writes some.")
            ]
        }
        var findings: [Finding] = []
        for agent in house.agents {
            let subject = "agent \(agent.definition.name)"
            do {
                try await agent.check()
                findings.append(Finding(subject, .ok, "could start"))
            } catch {
                findings.append(
                    (error as? AgentsError).map { Finding(subject, .warn, of: $0) }
                        ?? Finding(subject, .warn, of: error))
            }
        }
        if findings.allSatisfy({ $0.verdict != .ok }) {
            findings.append(
                Finding(
                    "agents", .fail, "None of them could start.",
                    advice: "Mend at least one of the above, or add one."))
        }
        return findings
    }
}
