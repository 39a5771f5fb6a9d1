import Foundation
import GRDB
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore
import SkepTestSupport
import Testing

@Suite("Migrations of the swarm")
struct MigrationTests {
    @Test(
        "A database of each earlier version is brought up to date with its rows",
        arguments: 0...6)
    func migrates(from version: Int) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "migrate-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let old = try await SQLiteQueueStore(
            path: folder.appendingPathComponent("skep.sqlite").path,
            runFolder: folder.appendingPathComponent("run").path,
            migrations: Array(SQLiteSwarmStore.migrations.prefix(version)), follower: RunFollower())
        if version > 0 {
            try await old.write { transaction in
                try transaction.database.execute(
                    sql: """
                        INSERT INTO run
                          (repository, issue_number, issue_title, agent, workflow, branch,
                           continues_branch, cause, priority, opened_at_ms)
                        VALUES ('acme/widgets', 5, 't', 'ann', 'fix', 'b', 0, 'command:1', 0, 1);
                        INSERT INTO run_trigger
                          (repository, issue_number, agent, cause, is_standing, priority,
                           seen_at_ms, run)
                        VALUES ('acme/widgets', 5, 'ann', 'command:1', 0, 0, 1, 1);
                        """)
            }
        }
        await old.close()

        let bench = try await StoreBench(folder)
        let answer = try await bench.open()
        let runs = try await bench.store.runs(matching: RunFilter())
        _ = try await bench.events()
        await bench.database.close()

        #expect(runs.map(\.run.id) == [RunID(rawValue: 1)])
        #expect(
            answer
                == (version > 0
                    ? .answeredBefore(RunID(rawValue: 1)) : .opened(RunID(rawValue: 1))))
    }

    @Test(
        "Sessions that ran through an upgrade have places once a worker knows whose they are",
        arguments: [4, 5])
    func placesOfEarlierSessions(from version: Int) async throws {
        try await withFolder { folder in
            let old = try await SQLiteQueueStore(
                path: folder.appendingPathComponent("skep.sqlite").path,
                runFolder: folder.appendingPathComponent("run").path,
                migrations: Array(SQLiteSwarmStore.migrations.prefix(version)))
            try await old.write { transaction in
                for number in 1...3 {
                    let job = try transaction.enqueue([
                        NewJob(
                            SwarmQueues.step, queue: SwarmQueues.steps,
                            payload: Array("\(number)".utf8))
                    ])[0].id
                    try transaction.database.execute(
                        sql: """
                            INSERT INTO run
                              (repository, issue_number, issue_title, agent, workflow, branch,
                               continues_branch, cause, priority, opened_at_ms)
                            VALUES ('acme/widgets', :number, 't', 'ann', 'fix', 'b', 0, 'c', 0, 1);
                            INSERT INTO step_job (job, run, step, round)
                            VALUES (:job, :number, 'work', 1);
                            """, arguments: ["number": number, "job": job.rawValue])
                }
                try transaction.database.execute(
                    sql: """
                        INSERT INTO session
                          (run, job, attempt, agent, workspace_path, base_commit, started_at_ms,
                           ended_at_ms, ending)
                        SELECT run, job, 1, 'ann', '/w', '0', 1, iif(run = 2, 2, NULL),
                               iif(run = 2, 'x', NULL)
                          FROM step_job
                         WHERE run <= 2;
                        """)
                if version == 5 {
                    // The third waits for a place.
                    try transaction.database.execute(
                        sql: """
                            UPDATE step_job SET account = 'claude-max' WHERE run = 3;
                            UPDATE job
                               SET state = 'scheduled', not_before_ms = not_before_ms + 900000
                             WHERE id = (SELECT job FROM step_job WHERE run = 3);
                            """)
                }
            }
            await old.close()

            let bench = try await StoreBench(folder)
            let account = ProviderAccount(rawValue: "claude-max")
            try await bench.store.setPlaces([account: 1], of: ["ann": account])
            let use = try await bench.store.use(of: account)
            let third = try await bench.run(3)
            await bench.database.close()

            #expect(use.runs == [RunID(rawValue: 1)])
            #expect(use.pause(at: bench.clock.now) == .full(account, sessions: 1, places: 1))
            #expect(third?.waitsFor == (version == 5 ? account : nil))
        }
    }

    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "migrate-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    @Test(
        "What is asked often is answered from its index",
        arguments: [
            (
                "run_trigger_waiting",
                """
                SELECT * FROM run_trigger
                 WHERE run IS NULL AND dismissed IS NULL AND ended_at_ms IS NULL
                 ORDER BY priority DESC, seen_at_ms, id
                """
            ),
            (
                "run_trigger_cause",
                """
                SELECT * FROM run_trigger
                 WHERE repository = 'a' AND issue_number = 1 AND agent = 'b' AND cause = 'c'
                   AND ended_at_ms IS NULL
                """
            ),
            (
                "run_trigger_answered",
                """
                SELECT COUNT(*) FROM run_trigger
                 WHERE repository = 'a' AND cause >= 'feedback:1:' AND cause < 'feedback:1;'
                   AND run IS NOT NULL
                """
            ),
            (
                "run_one_open",
                """
                SELECT id FROM run
                 WHERE repository = 'a' AND issue_number = 1 AND agent = 'b'
                   AND closed_at_ms IS NULL
                """
            ),
            (
                "question_open",
                "SELECT 1 FROM question WHERE run = 1 AND answered_at_ms IS NULL"
            ),
            (
                "report_unposted",
                """
                SELECT * FROM report
                 WHERE repository = 'a' AND issue_number = 1 AND id <= 9
                   AND posted_at_ms IS NULL
                 ORDER BY id
                """
            ),
            (
                "session_of_agent",
                """
                SELECT SUM(input_tokens) FROM session
                 WHERE ended_at_ms IS NOT NULL AND agent = 'a' AND ended_at_ms >= 1
                   AND ended_at_ms < 2
                """
            ),
            (
                "session_of_job",
                """
                SELECT * FROM session
                 WHERE job = 1 AND ended_at_ms IS NOT NULL
                 ORDER BY id DESC LIMIT 1
                """
            ),
            (
                "step_job_account",
                "SELECT run FROM step_job WHERE account = 'a'"
            ),
            (
                "step_job_waiting",
                "SELECT DISTINCT waits_for FROM step_job WHERE waits_for IS NOT NULL"
            ),
            (
                "event_repetition",
                """
                SELECT text FROM event
                 WHERE kind = 'a' AND repository IS NULL AND issue_number IS NULL
                   AND agent IS 'b'
                 ORDER BY id DESC LIMIT 1
                """
            ),
        ])
    func plans(_ index: String, _ sql: String) async throws {
        try await withStore { bench in
            let plan = try await bench.database.read { database in
                try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \(sql)").map {
                    $0["detail"] as String
                }
            }
            #expect(plan.contains { $0.contains("INDEX \(index)") }, "\(plan)")
            #expect(!plan.contains { $0.contains("USE TEMP B-TREE") }, "\(plan)")
        }
    }
}
