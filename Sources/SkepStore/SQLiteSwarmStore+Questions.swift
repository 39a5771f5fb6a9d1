internal import GRDB
public import SkepCore
internal import SkepQueue
internal import SkepQueueSQLite

extension SQLiteSwarmStore {
    public func openQuestions(in repository: RepositoryName?) async throws -> [Question] {
        let place = repository == nil ? "" : "AND run.repository = ?"
        return try await queue.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(QuestionRow.columns)
                      FROM question
                      JOIN run ON run.id = question.run
                     WHERE question.answered_at_ms IS NULL AND run.closed_at_ms IS NULL \(place)
                     ORDER BY question.asked_at_ms, question.id
                    """, arguments: repository.map { [$0.description] } ?? []
            ).map(QuestionRow.question)
        }
    }
}

extension SwarmTransaction {
    /// Writes a question down, and keeps the job that goes on with its answer.
    func ask(
        _ text: String, of people: [LoginName], then next: NewStepJob, by agent: AgentName,
        in run: Run
    ) throws {
        try execute(
            """
            INSERT INTO question (run, agent, text, asked, asked_at_ms, next_job)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                run.id.rawValue, agent.rawValue, text,
                try JSONColumn.text(people.map(\.rawValue)), now,
                try JSONColumn.text(ParkedJob(next)),
            ])
        let question = database.lastInsertedRowID
        try add(.question, of: run, text, by: agent)
        try add([ReportText.attention("asked-\(question)")], to: run)
    }

    /// Answers the question of an open run, which goes on with the answer; nothing when it asks
    /// none.
    func answer(_ id: RunID, _ answer: String, by login: LoginName) throws {
        guard let run = try RunRow.fetch(id, database), run.closing == nil,
            let row = try fetchRow(
                "SELECT * FROM question WHERE run = ? AND answered_at_ms IS NULL", [id.rawValue])
        else { return }
        try execute(
            "UPDATE question SET answer = ?, answered_by = ?, answered_at_ms = ? WHERE id = ?",
            [answer, login.rawValue, now, row["id"] as Int64])
        try add(
            .answer, of: run, "\(login): \(answer)", by: AgentName(rawValue: row["agent"]))
        try add([ReportText.attention("answered-\(row["id"] as Int64)")], to: run)
        let parked = try row.json("next_job", as: ParkedJob.self)
        try enqueue(parked.job(answer: answer), for: run)
    }
}

/// The job that goes on with an answer. Its priority is its run's.
private struct ParkedJob: Codable {
    let step: StepName
    let maxFailures: Int
    let concurrencyKey: ConcurrencyKey?
    let notBefore: Timestamp?
    let agent: AgentName?
    /// What it had to mend before it asked.
    let findings: String?

    init(_ job: NewStepJob) {
        step = job.step
        maxFailures = job.maxFailures
        concurrencyKey = job.concurrencyKey
        notBefore = job.notBefore
        agent = job.agent
        findings = job.findings
    }

    /// - Parameter answer: What it has to know, unless there was something to mend before: then the
    ///   run's questions tell it.
    func job(answer: String) -> NewStepJob {
        NewStepJob(
            step: step, maxFailures: maxFailures, concurrencyKey: concurrencyKey,
            findings: findings ?? answer, notBefore: notBefore, agent: agent)
    }
}

/// Reads questions from their rows, joined with their run's.
enum QuestionRow {
    /// The comment of a run's second question is that of its report "question-2".
    static let columns = """
        question.*, run.repository, run.issue_number,
        (SELECT comment_url
           FROM report
          WHERE report.run = question.run
            AND topic = 'question-' || (SELECT COUNT(*)
                                          FROM question AS earlier
                                         WHERE earlier.run = question.run
                                           AND earlier.id <= question.id)) AS comment_url
        """

    static func question(_ row: Row) throws -> Question {
        Question(
            run: RunID(rawValue: row["run"]), issue: try row.reference(),
            agent: AgentName(rawValue: row["agent"]), text: row["text"],
            askedAt: Timestamp(milliseconds: row["asked_at_ms"]),
            asked: try row.json("asked", as: [String].self).map(LoginName.init(rawValue:)),
            commentURL: row.address("comment_url"))
    }

    static func answered(_ row: Row) throws -> AnsweredQuestion {
        AnsweredQuestion(
            question: try question(row), answer: row["answer"],
            answeredBy: (row["answered_by"] as String?).map(LoginName.init(rawValue:)),
            answeredAt: row.time("answered_at_ms"))
    }
}
