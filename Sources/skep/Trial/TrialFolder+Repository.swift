import SkepAgents
import SkepCore
import SkepQueue
import Subprocess

extension TrialFolder {
    /// Makes the repository with one commit, and lends it as a workspace.
    ///
    /// - Parameters:
    ///   - git: The program, by its name or path.
    ///   - limit: What that may take; a minute by default.
    func workspace(
        git: String = "git", within limit: Duration = .seconds(60)
    ) async throws -> Workspace {
        let result = try await withThrowingTaskGroup(of: Made?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await makeRepository(git) }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            return try await group.next() ?? nil
        }
        guard let result else {
            throw refusal(
                "\"\(git)\" wasn't through after \(TimeText.short(limit)), and was ended.",
                advice: "Look what \"\(git) init\" and \"\(git) commit\" wait for in /var/tmp.")
        }
        guard result.isGood, let base = CommitID(rawValue: result.output),
            let name = RepositoryName("skep/agent-test")
        else { throw refusal(result.complaint, advice: "Install git.") }
        return Workspace(
            run: RunID(rawValue: 1), repository: name, path: repository, outputPath: output,
            homePath: home, base: base, branch: BranchName(rawValue: "main"))
    }

    private func refusal(_ why: String, advice: String) -> ProgramError {
        ProgramError(
            .configuration, "Can't make a repository to try the agent in.",
            why: why.isEmpty ? nil : why, advice: advice)
    }

    private struct Made: Sendable {
        let isGood: Bool
        /// The first line of what it printed.
        let output: String
        let complaint: String
    }

    /// Killed with all it has started when it is cancelled.
    private func makeRepository(_ git: String) async throws -> Made {
        let script = """
            cd "$0" && "$1" init -q -b main && printf '# A place to try an agent\\n' >README.md \
            && "$1" add README.md && "$1" commit -q -m 'Begin' && "$1" rev-parse HEAD
            """
        let words = house.byAgentsUser(["sh", "-c", script, repository, git])
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)
        ]
        let result = try await Subprocess.run(
            .name("sh"), arguments: Arguments(["-c", "exec \"$@\"", "sh"] + words),
            environment: .inherit.updating([
                "HOME": home, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Skep",
                "GIT_AUTHOR_EMAIL": "skep@localhost", "GIT_COMMITTER_NAME": "Skep",
                "GIT_COMMITTER_EMAIL": "skep@localhost",
            ]), platformOptions: options, input: .none, output: .string(limit: 4096),
            error: .string(limit: 4096))
        func firstLine(_ text: String) -> String { String(text.prefix { !$0.isNewline }) }
        return Made(
            isGood: result.terminationStatus.isSuccess, output: firstLine(result.standardOutput),
            complaint: firstLine(result.standardError))
    }
}
