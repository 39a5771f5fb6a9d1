import Foundation
import Testing

extension EndToEnd {
    /// Agents that mean harm, or do it: each ends as it should, and an honest one beside them never
    /// notices.
    @Suite("Hostile agents", .serialized)
    struct HostileAgentTests {
        /// Has an agent and an honest one work, each on an issue of its own, and the honest one once
        /// more afterwards.
        private func with(
            _ script: String, settings: String = "",
            _ body: (House, House.Run) async throws -> Void
        ) async throws {
            let hostile = Texts.script("hostile", script, settings: settings)
            try await House.with(agents: ["hostile": hostile, "writer": Texts.writer]) { house in
                var issues: [Int] = []
                for title in ["One", "Two", "Three"] {
                    issues.append(
                        try await house.tracker.open(title, body: "", in: House.repository))
                }
                try await house.serve()
                try await house.skep("dispatch", "\(issues[0])", "--to", "hostile")
                try await house.skep("dispatch", "\(issues[1])", "--to", "writer")
                var runs = try await house.settled(2)
                try await house.skep("dispatch", "\(issues[2])", "--to", "writer")
                runs = try await house.settled(3)

                let honest = runs.filter { $0.agent == "writer" }
                #expect(honest.map(\.state) == ["published", "published"])
                for run in honest {
                    let file = try await house.published(
                        "issue-\(run.number).txt", at: try #require(run.head))
                    #expect(file == "written for issue \(run.number)\n")
                }
                try await body(house, try #require(runs.first { $0.agent == "hostile" }))
            }
        }

        @Test("One that fills the disk is ended at its limit, and what it had done is kept")
        func fillsTheDisk() async throws {
            try await with(
                """
                cat >/dev/null
                echo useful > work.txt
                dd if=/dev/zero of="$HOME/big" bs=1M count=200 2>/dev/null
                sleep 300
                """, settings: "limits: {disk_mb: 16}"
            ) { house, run in
                #expect(run.state == "failed")
                #expect(
                    run.detail == "out of disk space: it may hold 16 MiB (limits.disk_mb)",
                    "\(run.detail)")
                let kept = try await house.kept("work.txt", at: "refs/skep/run-\(run.id)/attempt-1")
                #expect(kept == "useful\n")
                let said = try await house.comments(run.number).joined()
                #expect(said.contains("limits.disk_mb"), "\(said)")
            }
        }

        @Test("One that deletes its workspace has failed")
        func deletesItsWorkspace() async throws {
            try await with(
                "cat >/dev/null; echo 1 >a; git add a; git commit -qm Done; "
                    + "rm -rf \"$PWD\" \"$PWD\"/.[a-z]* 2>/dev/null; true"
            ) { house, run in
                #expect(run.state == "failed", "\(run)")
                let said = try await house.comments(run.number).joined()
                #expect(said.contains("failed: its working tree is gone"), "\(said)")
                #expect(!said.contains("no changes"), "\(said)")
            }
        }

        @Test("Configuration, hooks and filters that one plants are never used")
        func plantsPrograms() async throws {
            try await with(
                """
                cat >/dev/null
                evil="$PWD/evil.sh"
                printf '#!/bin/sh\\ntouch "%s/ran"\\ncat\\n' "$PWD" > "$evil"; chmod +x "$evil"
                printf '* filter=evil diff=evil merge=evil\\n' > .gitattributes
                for key in filter.evil.clean filter.evil.smudge diff.evil.textconv core.fsmonitor \\
                    core.sshCommand core.editor credential.helper remote.origin.uploadpack; do
                  git config "$key" "$evil"
                done
                git config core.hooksPath "$PWD/hooks"; git config core.worktree /
                mkdir -p hooks .git/hooks
                for hook in pre-commit post-commit pre-push post-checkout reference-transaction; do
                  cp "$evil" "hooks/$hook"; cp "$evil" ".git/hooks/$hook"
                done
                rm -f ran
                """
            ) { house, run in
                #expect(run.state == "published", "\(run)")
                let head = try #require(run.head)
                #expect(try await house.published("evil.sh", at: head) != nil)
                #expect(try await house.published("ran", at: head) == nil)
                #expect(!house.hasFile("ran"))
            }
        }

        @Test("What one writes outside its workspace is refused, or its own to lose")
        func writesOutside() async throws {
            try await with(
                """
                cat >/dev/null
                house=${PWD%%/state/*}
                for file in "$house/stray" "$house/state/stray" "$house/skep.yaml" /etc/skep-stray; do
                  echo harm >> "$file"
                done 2>/dev/null
                echo done > done.txt
                """, settings: "sandbox: workspace-write"
            ) { house, run in
                #expect(run.state == "published", "\(run)")
                let head = try #require(run.head)
                #expect(try await house.published("done.txt", at: head) == "done\n")
                #expect(!house.read("skep.yaml").contains("harm"))
                for path in [
                    "\(house.folder)/stray", "\(house.folder)/state/stray", "/etc/skep-stray",
                ] {
                    #expect(!FileManager.default.fileExists(atPath: path), "\(path)")
                }
            }
        }

        @Test("An agent whose sandbox can't be had isn't started, and the run says why")
        func sandboxCannotBeHad() async throws {
            let agent = Texts.script(
                "careful", "echo harm > harm.txt", settings: "sandbox: isolated")
            try await House.with(agents: ["careful": agent]) { house in
                let issue = try await house.tracker.open("Work", body: "", in: House.repository)
                try await house.serve(lacking: "namespaces")

                try await house.skep("dispatch", "\(issue)", "--to", "careful")
                let run = try #require(try await house.settled(1).first)

                #expect(run.state == "failed")
                #expect(run.head == nil)
                let shown = try await house.skep("run", "show", "1")
                #expect(shown.contains("why       no sandbox: never started"), "\(shown)")
                #expect(shown.contains("namespace"), "\(shown)")
            }
        }
    }
}
