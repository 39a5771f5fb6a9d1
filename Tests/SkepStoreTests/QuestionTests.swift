import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@Suite("Questions to people")
struct QuestionTests {
    private func ask(_ bench: StoreBench) async throws {
        _ = try await bench.open()
        try await bench.settle(
            StepSettlement(
                .ask(
                    "Which of the two?", of: ["kim", "lee"],
                    then: NewStepJob(
                        step: "work", maxFailures: 2, concurrencyKey: "agent:ann", findings: "old",
                        agent: "bee")),
                reports: [NewReport(topic: "question-1", body: "q")]))
    }

    private func answer(_ bench: StoreBench, _ text: String, comment: Int64 = 9) async throws {
        var dealing = CommentDealing(comment: comment, place: bench.issue, author: "kim")
        dealing.answers = [RunID(rawValue: 1): text]
        #expect(try await bench.store.deal(with: dealing))
    }

    @Test("A run that asks waits for a person, without a job")
    func asking() async throws {
        try await withStore { bench in
            try await ask(bench)

            #expect(
                try await bench.run()?.state
                    == .waiting(
                        reason: "a person's answer to its question on the issue", until: nil))
            await #expect(throws: NothingToLease.self) { try await bench.lease() }
            let questions = try await bench.store.openQuestions(in: .sample)
            #expect(questions.map(\.text) == ["Which of the two?"])
            #expect(questions.first?.agent == "ann")
            #expect(questions.first?.issue == bench.issue)
            #expect(questions.first?.asked == ["kim", "lee"])
            #expect(
                questions.first?.advice
                    == "kim, lee are asked; a comment on \(bench.issue) answers it")
            #expect(
                try await bench.store.openQuestions(in: RepositoryName("a/b")).isEmpty)
            #expect(try await bench.topics().sorted() == ["asked-1", "dispatched", "question-1"])
            #expect(try await bench.events(.question).map(\.text) == ["Which of the two?"])
        }
    }

    @Test("A question tells where it stands, as soon as it is posted; each of a run its own place")
    func place() async throws {
        try await withStore { bench in
            try await ask(bench)
            for number in 1...2 {
                let report = try #require(
                    try await bench.store.history(of: RunID(rawValue: 1)).reports.first {
                        $0.topic == "question-\(number)"
                    })
                try await bench.store.recordPosted(report.id, commentURL: "http://c/\(number)")
                guard number == 1 else { continue }
                try await answer(bench, "The first.")
                try await bench.settle(
                    StepSettlement(
                        .ask("And now?", then: NewStepJob(step: "work")),
                        reports: [NewReport(topic: "question-2", body: "q")]))
            }

            let questions = try await bench.store.history(of: RunID(rawValue: 1)).questions
            #expect(questions.map(\.question.commentURL) == ["http://c/1", "http://c/2"])
            let open = try await bench.store.openQuestions(in: nil)
            #expect(open.map(\.commentURL) == ["http://c/2"])
            #expect(
                try await bench.run()?.advice(open.first)
                    == "a comment after http://c/2 answers it")
        }
    }

    @Test("An answer lets the run go on with it, once")
    func answering() async throws {
        try await withStore { bench in
            try await ask(bench)

            try await answer(bench, "The\nfirst.")
            try await answer(bench, "The second.", comment: 10)

            let lease = try await bench.lease()
            #expect(lease.job.concurrencyKey == "agent:ann")
            #expect(lease.job.maxFailures == 2)
            let job = try await bench.store.beginAttempt(lease)
            // What there was to mend is still to be mended; the questions tell the answer.
            #expect(job.findings == "old")
            #expect(job.agent == "bee")
            await #expect(throws: NothingToLease.self) { try await bench.lease() }
            #expect(try await bench.store.openQuestions(in: nil).isEmpty)
            let kept = try await bench.store.history(of: RunID(rawValue: 1)).questions
            #expect(kept.map(\.answer) == ["The\nfirst."])
            #expect(kept.first?.answeredBy == "kim")
            #expect(try await bench.events(.answer).map(\.text) == ["kim: The first."])
        }
    }

    @Test("A run that waits for an answer is cancelled at once, and can't be answered any more")
    func cancelling() async throws {
        try await withStore { bench in
            try await ask(bench)

            #expect(
                try await bench.store.cancel(RunID(rawValue: 1), reason: "enough") == .cancelled)

            #expect(try await bench.run()?.state == .cancelled)
            #expect(try await bench.topics().last == "result")
            #expect(try await bench.store.openQuestions(in: nil).isEmpty)
            try await answer(bench, "Too late.")
            await #expect(throws: NothingToLease.self) { try await bench.lease() }
        }
    }

    @Test("A step that asks after its run was cancelled ends it instead")
    func cancelledMeanwhile() async throws {
        try await withStore { bench in
            _ = try await bench.open()
            let (token, _) = try await bench.begin()
            #expect(
                try await bench.store.cancel(RunID(rawValue: 1), reason: "enough") == .requested)

            try await bench.store.settle(
                token, as: StepSettlement(.ask("Well?", then: NewStepJob(step: "work"))))

            #expect(try await bench.run()?.state == .cancelled)
            #expect(try await bench.store.openQuestions(in: nil).isEmpty)
        }
    }
}
