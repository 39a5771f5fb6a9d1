internal import Foundation
internal import GRDB
internal import SkepQueue

/// A worker as the database knows it; whether it lives, its lock says.
struct WorkerRow: Sendable {
    let worker: WorkerID
    let processID: Int32
    let offer: WorkerOffer?
    let startedAt: Timestamp
    let leased: [JobID]

    static func all(_ database: Database) throws -> [WorkerRow] {
        // Served by job_leased.
        let leases = try Row.fetchAll(
            database,
            sql: "SELECT worker, id FROM job WHERE state = 'leased' ORDER BY worker, id"
        ).map { (worker: $0[0] as String, job: JobID(rawValue: $0[1])) }
        let jobs = Dictionary(grouping: leases, by: \.worker).mapValues { $0.map(\.job) }
        return try Row.fetchAll(
            database,
            sql: """
                SELECT worker, process_id, offer, started_at_ms
                  FROM worker
                 ORDER BY started_at_ms, worker
                """
        ).map { row in
            WorkerRow(
                worker: WorkerID(rawValue: row[0]), processID: row[1],
                // What a newer program offers in other words isn't known here.
                offer: (row[2] as String?).flatMap { text in
                    try? JSONDecoder().decode(WorkerOffer.self, from: Data(text.utf8))
                },
                startedAt: Timestamp(milliseconds: row[3]), leased: jobs[row[0]] ?? [])
        }
    }

    func status(isAlive: Bool) -> WorkerStatus {
        WorkerStatus(
            worker: worker, offer: offer, processID: processID, startedAt: startedAt,
            isAlive: isAlive, leased: leased)
    }
}

extension QueueTransaction {
    /// Writes down who has registered. What a former holder of the name still has isn't its own.
    func introduce(_ worker: WorkerID, offering offer: WorkerOffer?) throws {
        let offer = try offer.map { offer in
            String(decoding: try JSONEncoder().encode(offer), as: UTF8.self)
        }
        try run(
            """
            INSERT INTO worker (worker, process_id, offer, started_at_ms) VALUES (?, ?, ?, ?)
                ON CONFLICT (worker) DO UPDATE
                   SET process_id = excluded.process_id, offer = excluded.offer,
                       started_at_ms = excluded.started_at_ms
            """,
            [worker.rawValue, getpid(), offer, now.milliseconds])
        try giveBackAll(of: worker)
        let leased = try fetchRows(
            "SELECT id FROM job WHERE state = 'leased' AND worker = ?", [worker.rawValue])
        for row in leased {
            guard let job = try job(JobID(rawValue: row[0])) else { continue }
            _ = try reclaim(job, because: "Worker \(worker) ended without settling the job.")
        }
    }

    /// Forgets a worker that has ended, and takes its permits back.
    func forget(_ worker: WorkerID) throws {
        try run("DELETE FROM worker WHERE worker = ?", [worker.rawValue])
        try giveBackAll(of: worker)
    }
}
