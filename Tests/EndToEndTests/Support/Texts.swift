#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Configuration, agents and workflows that the tests furnish their houses with.
enum Texts {
    static func configuration(url: String, folder: String) -> String {
        """
        tracker: {kind: gitea, url: "\(url)", token_env: E2E_TOKEN}
        repositories: [\(House.repository)]
        state: \(folder)/state
        worker: {slots: 6}
        dispatch: {poll_seconds: 1}
        log: {level: info}
        agents: {user: \(geteuid() == 0 ? "root" : "nobody")}

        """
    }

    /// Work, checks, publish.
    static func workflow(
        failures: Int = 1, checks: [String] = ["true"], prompt: String = ""
    ) -> String {
        """
        ---
        name: test
        steps:
          - {name: work, kind: agent, failures: \(failures)}
          - {name: checks, kind: commands, failures: \(failures), run: \(checks)}
          - {name: publish, kind: publish, failures: \(max(failures, 3))}
        ---
        ISSUE={{ issue.number }}
        {{ issue.title }}

        {{ issue.body }}
        \(prompt)
        """
    }

    /// An agent that is a shell script; the prompt is its standard input.
    static func script(_ name: String, _ script: String, settings: String = "") -> String {
        let lines = script.split(separator: "\n", omittingEmptySubsequences: false)
            .map { "      " + $0 }.joined(separator: "\n")
        return """
            ---
            name: \(name)
            adapter: command
            \(settings)
            command:
              - sh
              - -c
              - |
            \(lines)
            ---
            Do what the issue says.
            """
    }

    static let patch = """
        ---
        name: patch
        adapter: patch
        ---
        Applies the diff in the issue.
        """

    /// Writes a file named after the issue.
    static let writer = script(
        "writer",
        """
        issue=$(sed -n 's/^ISSUE=//p')
        echo "written for issue $issue" > "issue-$issue.txt"
        """)

    /// A unified diff that adds a line to README.md, as an issue's body.
    static let patchIssue = """
        The README should say what it is for.

        ```diff
        --- a/README.md
        +++ b/README.md
        @@ -1 +1,3 @@
         # tool
        +
        +For trying things out.
        ```
        """
}
