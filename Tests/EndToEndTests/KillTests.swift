import Foundation
import SkepTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension EndToEnd {
    @Suite("Kill -9", .serialized)
    struct KillTests {
        /// Says every tenth of a second that it lives, in a log outside of its workspace, and ends
        /// after some five seconds with a file of its own.
        private static func beating(_ log: String) -> String {
            Texts.script(
                "beating",
                """
                issue=$(sed -n 's/^ISSUE=//p')
                i=0
                while [ $i -lt 45 ]; do
                    echo "$issue $$ $(date +%s%N)" >> \(log)
                    sleep 0.1
                    i=$((i + 1))
                done
                echo "done by one for $issue" > "issue-$issue.txt"
                """, settings: "concurrency: 5\nsandbox: none")
        }

        @Test("Ten kills of skep serve at random moments lose nothing and do nothing twice")
        func killsAtRandomMoments() async throws {
            let seed =
                ProcessInfo.processInfo.environment["SKEP_SEED"].flatMap(UInt64.init)
                ?? UInt64.random(in: 1...UInt64(UInt32.max))
            print("kill test: SKEP_SEED=\(seed)")
            var random = SeededGenerator(seed: seed)
            let log = "/tmp/skep-e2e-\(getpid())-beats.log"
            defer { try? FileManager.default.removeItem(atPath: log) }

            // With more failures allowed than there are kills, only what Skep does wrong can fail.
            try await House.with(
                agents: ["beating": Self.beating(log)], workflow: Texts.workflow(failures: 20)
            ) { house in
                var issues: [Int] = []
                for number in 1...5 {
                    issues.append(
                        try await house.tracker.open(
                            "Beat \(number)", body: "", in: House.repository))
                }
                for issue in issues {
                    try await house.skep("dispatch", "\(issue)", "--to", "beating")
                }
                for _ in 1...10 {
                    let server = try house.start(["serve"] + house.rootFlags)
                    try await Task.sleep(
                        for: .milliseconds(Int.random(in: 100...1200, using: &random)))
                    server.signal(SIGKILL)
                    #expect(try await server.end() == .signalled(SIGKILL))
                }
                try await house.serve()
                let runs = try await house.settled(5)

                #expect(
                    runs.map(\.state) == Array(repeating: "published", count: 5), "seed \(seed)")
                #expect(Set(runs.map(\.number)) == Set(issues))
                let pulls = try await house.tracker.pulls(in: House.repository)
                #expect(pulls.count == 5, "seed \(seed)")
                for run in runs {
                    let file = try await house.published("issue-\(run.number).txt", at: run.branch)
                    #expect(file == "done by one for \(run.number)\n")
                    let comments = try await house.comments(run.number)
                    expectNothingTwice(comments)
                    #expect(comments.count { $0.contains("⚡ Dispatched") } == 1, "seed \(seed)")
                    #expect(comments.count { $0.contains("🔧 beating") } == 1, "seed \(seed)")
                }
                let overlaps = try Beats(file: log).overlaps
                #expect(overlaps.isEmpty, "two at once, seed \(seed): \(overlaps)")
            }
        }

        @Test("What an agent did before its own host was killed is kept")
        func killedHostLosesNoWork() async throws {
            let second = "/tmp/skep-e2e-\(getpid())-second"
            let slow = Texts.script(
                "slow",
                """
                cat >/dev/null
                if [ -f \(second) ]; then
                    echo second > second.txt
                    exit 0
                fi
                echo first > first.txt
                sleep 600
                """, settings: "sandbox: none")
            defer { try? FileManager.default.removeItem(atPath: second) }
            try await House.with(
                agents: ["slow": slow], workflow: Texts.workflow(failures: 3)
            ) { house in
                let issue = try await house.tracker.open("Slow", body: "", in: House.repository)
                try await house.serve()
                try await house.skep("dispatch", "\(issue)", "--to", "slow")
                var hosts: [pid_t] = []
                try await wait(for: "the agent's first file") {
                    hosts = house.processes("skep-host")
                    return !hosts.isEmpty && house.hasFile("first.txt")
                }

                try Data().write(to: URL(fileURLWithPath: second))
                hosts.forEach { kill($0, SIGKILL) }
                let runs = try await house.settled(1)

                #expect(runs[0].state == "published")
                let refs = try await house.refs("refs/skep/")
                var kept = false
                for ref in refs where try await house.kept("first.txt", at: ref) == "first\n" {
                    kept = true
                }
                #expect(kept, "first.txt is in none of \(refs)")
            }
        }
    }
}

/// The log of agents that say when they live: "issue pid nanoseconds".
struct Beats {
    private struct Life {
        let issue: Substring
        let pid: Substring
        var first: UInt64
        var last: UInt64
    }

    /// Pairs of processes that lived for the same issue at the same time.
    let overlaps: [String]

    init(file: String) throws {
        var lives: [String: Life] = [:]
        let text = try String(contentsOfFile: file, encoding: .utf8)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, let time = UInt64(words[2]) else { continue }
            let key = "\(words[0]) \(words[1])"
            var life = lives[key] ?? Life(issue: words[0], pid: words[1], first: time, last: time)
            life.first = min(life.first, time)
            life.last = max(life.last, time)
            lives[key] = life
        }
        let all = lives.values.sorted { $0.first < $1.first }
        var found: [String] = []
        for (index, one) in all.enumerated() {
            for other in all[(index + 1)...] where other.issue == one.issue {
                if other.first <= one.last {
                    found.append("issue \(one.issue): processes \(one.pid) and \(other.pid)")
                }
            }
        }
        overlaps = found
    }
}
