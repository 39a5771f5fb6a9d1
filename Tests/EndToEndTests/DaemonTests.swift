import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension EndToEnd {
    @Suite("The daemon", .serialized)
    struct DaemonTests {
        private static let waiting = Texts.script(
            "waiting",
            """
            cat >/dev/null
            echo $$ > pid.txt
            i=0
            while [ $i -lt 40 ]; do sleep 0.1; i=$((i + 1)); done
            echo waited > waited.txt
            """)

        @Test("A second skep serve on the same state folder is refused, and says who has it")
        func secondServeIsRefused() async throws {
            try await House.with(agents: ["writer": Texts.writer]) { house in
                let first = try await house.serve()

                let second = try house.start(["serve"] + house.rootFlags)
                let ending = try await second.end(within: .seconds(120))

                #expect(ending == .exited(1))
                #expect(second.text.contains("\(first.pid)"), "\(second.text)")
                #expect(first.poll() == nil)
            }
        }

        @Test("skep restart leaves the agent at work, and the new process takes its result")
        func restartKeepsSessions() async throws {
            try await House.with(agents: ["waiting": Self.waiting]) { house in
                let issue = try await house.tracker.open("Wait", body: "", in: House.repository)
                try await house.serve()
                try await house.skep("dispatch", "\(issue)", "--to", "waiting")
                try await wait(for: "the agent") { house.hasFile("pid.txt") }
                let agent = try #require(house.file("pid.txt"))

                try await house.skep("restart")
                let isAlive = kill(pid_t(agent.filter(\.isNumber)) ?? -1, 0) == 0
                let runs = try await house.settled(1)

                #expect(isAlive)
                #expect(runs[0].state == "published")
                let published = try await house.published("pid.txt", at: runs[0].branch)
                #expect(published == agent)
                let details = try await house.skep("run", "show", "\(runs[0].id)", "--json")
                let sessions = try #require(json(details)["sessions"] as? [Any])
                #expect(sessions.count == 1)
            }
        }

        @Test("run cancel ends everything that the run started")
        func cancelEndsEverything() async throws {
            let stubborn = Texts.script(
                "stubborn",
                """
                trap '' TERM
                (trap '' TERM; exec setsid sleep 601) &
                echo begun > begun.txt
                sleep 602
                """)
            try await House.with(agents: ["stubborn": stubborn]) { house in
                let issue = try await house.tracker.open("Hang", body: "", in: House.repository)
                try await house.serve()
                try await house.skep("dispatch", "\(issue)", "--to", "stubborn")
                try await wait(for: "the agent") {
                    house.hasFile("begun.txt") && house.processes("sleep").count == 2
                }
                let run = try #require(try await house.runs().first)

                try await house.skep("run", "cancel", "\(run.id)")
                let runs = try await house.settled(1)

                #expect(runs[0].state == "cancelled")
                #expect(house.processes("sleep").isEmpty)
                #expect(house.processes("skep-host").isEmpty)
                let comments = try await house.comments(issue)
                #expect(comments.last?.contains("stubborn was stopped") == true, "\(comments)")
                expectNothingTwice(comments)
            }
        }

        private func json(_ text: String) throws -> [String: Any] {
            try #require(
                try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }
    }
}
