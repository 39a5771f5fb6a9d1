import SkepCore
import SkepEngine
import SkepQueue
import SkepTestSupport
import Testing

@Suite("A worker that leaves")
struct LeavingTests {
    @Test("A detached session is adopted by the next worker, and isn't started again")
    func detachedSessionIsAdopted() async throws {
        try await Swarm.with(endings: []) { swarm in
            swarm.workspaces.change { $0.collections = [Collection(head: .sample("a"), notes: [])] }
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            try await swarm.working(ending: .detach) {
                try await eventually("it runs") { swarm.agents[0].snapshot.running.count == 1 }
            }
            #expect(swarm.agents[0].snapshot.running.count == 1)

            let summary = try await swarm.working {
                try await eventually("it is adopted") { swarm.agents[0].snapshot.adoptions == 1 }
                swarm.agents[0].finish()
                return try await swarm.untilClosed(run)
            }

            #expect(summary.state == .published)
            #expect(swarm.agents[0].snapshot.prompts.count == 1)
            #expect(
                swarm.workspaces.change { $0.requests }.map { $0.resumes != nil }.prefix(2) == [
                    false, true,
                ])
        }
    }

    @Test("A stopped session's work is saved, and the job begins anew without a failure")
    func stoppedSessionIsSaved() async throws {
        try await Swarm.with(endings: []) { swarm in
            let run = try await swarm.dispatch(swarm.tracker.put(5))

            try await swarm.working(ending: .stop) {
                try await eventually("it runs") { swarm.agents[0].snapshot.running.count == 1 }
            }

            #expect(swarm.agents[0].snapshot.stopped.count == 1)
            #expect(swarm.workspaces.change { $0.rescues } == ["stopped"])
            let summary = try #require(try await swarm.store.run(run))
            #expect(summary.state == .queued)
            #expect(summary.failures == 0)
            #expect(try await swarm.store.openSessions().isEmpty)
        }
    }

    @Test("A cancelled run stops its session, keeps its work and says so")
    func cancelledRun() async throws {
        try await Swarm.with(endings: []) { swarm in
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)

            let summary = try await swarm.working(ending: .detach) {
                try await eventually("it runs") { swarm.agents[0].snapshot.running.count == 1 }
                #expect(try await swarm.store.cancel(run, reason: "not now") == .requested)
                try await eventually("it is stopped") {
                    swarm.clock.advance(by: .milliseconds(100))
                    return swarm.agents[0].snapshot.stopped.count == 1
                }
                return try await swarm.untilClosed(run)
            }

            #expect(summary.state == .cancelled)
            #expect(swarm.agents[0].snapshot.stopped.count == 1)
            #expect(swarm.workspaces.change { $0.rescues } == ["stopped"])
            #expect(
                swarm.tracker.posts(on: issue).last?.contains(
                    "🛑 ann was stopped on this issue: not now.") == true)
            #expect(
                swarm.tracker.posts(on: issue).last?.contains(
                    "`skep run show \(run)` lists what is kept of it.") == true)
            #expect(try await swarm.store.openSessions().isEmpty)
        }
    }

    @Test("A session of a run that was cancelled while no worker was there is ended")
    func abandonedSessionIsEnded() async throws {
        try await Swarm.with(endings: []) { swarm in
            let run = try await swarm.dispatch(swarm.tracker.put(5))
            try await swarm.working(ending: .detach) {
                try await eventually("it runs") { swarm.agents[0].snapshot.running.count == 1 }
            }
            #expect(try await swarm.store.cancel(run, reason: "not now") == .cancelled)

            try await swarm.working {
                try await eventually("it is ended") { swarm.reaper.ended.count == 1 }
                try await eventually("its row says so") {
                    try await swarm.store.openSessions().isEmpty
                }
            }
        }
    }
}
