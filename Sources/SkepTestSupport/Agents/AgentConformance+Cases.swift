internal import SkepCore

extension AgentConformance {
    static let working: [Case] = [
        Case("An agent works in its workspace, and what it prints is told with its exit code") {
            let (result, output) = try await $0.run("pwd; echo oops >&2; exit 3")

            try expectEqual(result.ending, .exited(code: 3), "ending")
            try expect(
                output.hasSuffix($0.subject.workspace.path + "\n"),
                "it to be in \($0.subject.workspace.path), not \(output)")
            try expect(result.tail.contains("oops\n"), "the tail to hold both streams")
            try expect(result.endedAt >= result.startedAt, "an end after the start")
        },
        Case("It is told what it says while it still works") { fixture in
            let seen = try await fixture.agent("echo first; sleep 300").withSession(
                fixture.assignment(), in: fixture.subject.workspace
            ) {
                try await fixture.text(of: $0.events, until: "first\n")
            }

            try expectEqual(seen, "first\n", "output")
        },
        Case("A session that takes too long is ended") {
            let (result, _) = try await $0.run(
                "sleep 300", SessionLimits(time: .milliseconds(300)))

            try expectEqual(result.ending, .timedOut, "ending")
        },
        Case("A session that prints too much is ended") {
            let (result, _) = try await $0.run(
                "exec cat /dev/zero", SessionLimits(outputBytes: 100_000))

            try expectEqual(result.ending, .outputLimit, "ending")
            try expectEqual(result.outputBytes, 100_000, "bytes")
        },
        Case("An error of the body passes through") { fixture in
            let agent = try fixture.agent("true")
            do {
                try await agent.withSession(fixture.assignment(), in: fixture.subject.workspace) {
                    _ in throw Unexpected("mine")
                }
                throw Unexpected("it was swallowed")
            } catch let error as Unexpected {
                try expectEqual(error.description, "mine", "error")
            }
        },
    ]

    static let leaving: [Case] = [
        Case("A session that is left to stop has ended when it is left") { fixture in
            try await fixture.agent(fixture.beating).withSession(
                fixture.assignment(.stop), in: fixture.subject.workspace
            ) {
                _ = try await fixture.text(of: $0.events, until: "up\n")
            }

            try await fixture.expectNoBeat()
        },
        Case("A session that is cancelled has ended when that is told") { fixture in
            let task = Task {
                try await fixture.agent(fixture.beating).withSession(
                    fixture.assignment(.stop), in: fixture.subject.workspace
                ) { session in
                    _ = try await fixture.text(of: session.events, until: "up\n")
                    withUnsafeCurrentTask { $0?.cancel() }
                    _ = try await session.result()
                }
            }
            guard case .failure(let error) = await task.result else {
                throw Unexpected("it wasn't cancelled")
            }
            try expect(error is CancellationError, "a cancellation, not \(error)")

            try await fixture.expectNoBeat()
        },
        Case("A session that is detached goes on, and the next comer adopts it") { fixture in
            let release = fixture.subject.workspace.outputPath + "/release"
            let script = "echo started; while [ ! -e \(release) ]; do sleep 0.02; done; exit 5"
            let first = try await fixture.agent(script).withSession(
                fixture.assignment(.detach), in: fixture.subject.workspace
            ) {
                _ = try await fixture.text(of: $0.events, until: "started\n")
                return $0.isAdopted
            }
            let other = AgentFixture(subject: fixture.subject, session: SessionID(rawValue: 18))
            _ = try await other.run("touch \(release)")

            let (isAdopted, output, result) = try await fixture.agent("echo again").withSession(
                fixture.assignment(), in: fixture.subject.workspace
            ) {
                ($0.isAdopted, try await fixture.text(of: $0.events), try await $0.result())
            }

            try expect(!first && isAdopted, "the second session to be adopted, not the first")
            try expectEqual(output, "started\n", "output from the beginning")
            try expectEqual(result.ending, .exited(code: 5), "ending")
        },
        Case("A session that has ended is adopted with its result, and not run again") { fixture in
            _ = try await fixture.run("echo once; exit 4")

            let (isAdopted, result) = try await fixture.agent("echo twice").withSession(
                fixture.assignment(), in: fixture.subject.workspace
            ) {
                ($0.isAdopted, try await $0.result())
            }

            try expect(isAdopted, "it to be adopted")
            try expectEqual(result.ending, .exited(code: 4), "ending")
            try expectEqual(result.tail, "once\n", "tail")
        },
    ]
}
