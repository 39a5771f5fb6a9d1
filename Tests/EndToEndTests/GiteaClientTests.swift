import Testing

extension EndToEnd {
    /// Gitea's own client for Python, as it comes from PyPI, against the tracker.
    @Suite("Gitea's client", .serialized)
    struct GiteaClientTests {
        @Test("It opens an issue, labels it, comments, reviews a pull request and merges it")
        func clientDrivesTheTracker() async throws {
            let idle = Texts.script("idle", "cat >/dev/null")
            try await House.with(agents: ["idle": idle]) { house in
                let peers = try Programs.peers("python3")
                try await house.skep(
                    "forge", "repo", "grant", House.repository, "robot", "--data",
                    house.folder + "/forge")
                let said = try await house.skep(
                    "forge", "user", "token", "robot", "--data", house.folder + "/forge")
                let reviewer = said.split(separator: "\n").last.map(String.init) ?? ""

                let client = try ChildProcess(
                    peers + "/python3",
                    [try Programs.fixture("gitea_client.py"), house.tracker.url, House.repository],
                    in: house.folder,
                    environment: [
                        "PATH": "/usr/bin:/bin", "AUTHOR_TOKEN": house.tracker.token,
                        "REVIEWER_TOKEN": reviewer,
                    ], output: house.folder + "/client.log")
                let ending = try await client.end(within: .seconds(120))

                #expect(ending == .exited(0), "\(client.text)")
                #expect(client.text.hasSuffix("all done\n"))
                let pulls = try await house.tracker.pulls(in: House.repository)
                #expect(pulls.map(\.state) == ["closed"])
            }
        }
    }
}
