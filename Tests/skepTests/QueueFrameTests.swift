import SkepCore
import SkepEngine
import SkepQueue
import Testing

@testable import skep

@Suite struct QueueFrameGoldenTests {
    private func lines(
        _ picture: QueuePicture, _ columns: Int, _ rows: Int, problem: String? = nil
    ) -> [String] {
        QueueFrame(
            picture: picture,
            scene: LiveScene(
                now: goldenNow, columns: columns, rows: rows, local: LocalTime(named: "UTC"),
                problem: problem, style: { text, _ in text })
        ).lines()
    }

    @Test("The queues' live view at several sizes", arguments: [(80, 24), (120, 40), (40, 10)])
    func sizes(columns: Int, rows: Int) throws {
        let text = lines(Samples.queuePicture, columns, rows).joined(separator: "\n") + "\n"

        try expectGolden(text, "queue-live-\(columns)x\(rows).txt")
    }

    @Test("A queue that never had a job says so, and a picture that is old as well")
    func empty() {
        let shown = lines(QueuePicture(), 60, 12, problem: "The disk\u{1B}[2J is full.")

        #expect(shown[1] == "not up to date: The disk\\u{1B}[2J is full.")
        #expect(shown.contains("The queue has never had a job."))
        #expect(shown.count == 12)
    }

    @Test("Whatever the size, it fits, and nothing of what it shows moves the cursor")
    func everySize() {
        for columns in [1, 2, 7, 13, 20, 33, 50, 79, 81, 200] {
            for rows in [1, 2, 3, 4, 5, 8, 13, 30, 100] {
                let shown = lines(Samples.queuePicture, columns, rows)

                #expect(shown.count <= rows)
                #expect(rows < 4 || shown.count == rows)
                for line in shown {
                    #expect(TextWidth.of(line) <= columns, "\(columns)x\(rows): \(line)")
                    #expect(!line.unicodeScalars.contains(where: PlainText.isUnsafe))
                }
            }
        }
    }

    @Test("Ready jobs of kinds that no worker knows are counted in a sentence for each kind")
    func unknownKinds() {
        #expect(
            Samples.queuePicture.unknownKindSentences
                == ["No worker knows jobs of kind \"mail\"; 5 jobs are ready."])
    }

    @Test("Each reason why a job isn't running is a sentence, with what helps where something does")
    func obstacles() throws {
        let rate = RateLimit(100, per: .seconds(60), burst: 5)
        let obstacles: [JobObstacle] = [
            .finished(.dead, reason: "It failed."), .held,
            .scheduled(at: goldenNow + .seconds(90), reason: "Rate limit."),
            .dependsOn([1, 2, 3, 4, 5, 6, 7].map(JobID.init(rawValue:))),
            .awaitsEvent(EventKey("approve", for: JobID(rawValue: 9)), until: nil),
            .queuePaused("steps"),
            .queueFull("steps", limit: 2, running: [JobID(rawValue: 1), JobID(rawValue: 2)]),
            .keyFull("claude", limit: 1, running: [JobID(rawValue: 1)]),
            .queueRate("steps", rate, opensAt: goldenNow + .seconds(3)),
            .keyRate("claude", rate, opensAt: goldenNow + .seconds(3)), .noWorker("steps"),
            .unknownKind("mail\u{7}"), .workersBusy(slots: 4), .behind(1), .behind(12),
            .behind(1000),
        ]
        var table = Table([.flexible("REASON"), .flexible("WHAT HELPS")])
        for obstacle in obstacles {
            table.add([
                obstacle.sentence(goldenNow), obstacle.advice(for: JobID(rawValue: 9)) ?? "",
            ])
        }

        try expectGolden(Samples.text(table), "obstacles.txt")
        try expectGolden(JSON.list(obstacles.map(\.json)).document(), "obstacles.json")
    }

    @Test(
        "Rates are read as they are written",
        arguments: [
            ("10/s", RateLimit(10, per: .seconds(1))), ("100/m", RateLimit(100, per: .seconds(60))),
            ("20/30s", RateLimit(20, per: .seconds(30))),
            ("5/2h", RateLimit(5, per: .seconds(7200))),
        ])
    func rates(text: String, rate: RateLimit) throws {
        #expect(try RateText.rate(text, burst: nil) == rate)
        #expect(RateText.text(rate) == text)
    }

    @Test(
        "What isn't a rate is refused",
        arguments: ["", "5", "5/", "/s", "0/s", "-1/s", "5/x", "5/0s", "5/s/s", "5/99999999999d"])
    func notRates(text: String) {
        #expect(throws: (any Error).self) { try RateText.rate(text, burst: nil) }
    }
}

extension Samples {
    static let queuePicture = QueuePicture(
        statuses: [
            QueueStatus(
                queue: "reports", counts: [.succeeded: 12, .ready: 4], isPaused: true,
                oldestReadyAt: ago(30), nextDue: nil, keys: []),
            QueueStatus(
                queue: "steps", counts: [.ready: 12_345, .leased: 2, .scheduled: 7, .dead: 1],
                readyByKind: ["step": 12_340, "mail": 5], limit: 4,
                rate: RateLimit(100, per: .seconds(60)), oldestReadyAt: ago(200),
                nextDue: goldenNow + .seconds(90), finishedPerMinute: 1240,
                enqueuedPerMinute: 300,
                keys: [.init(key: "agent:claude", limit: 2, leased: 2, ready: 3)]),
        ],
        agents: ["agent:claude"],
        running: [
            (
                jobs[1],
                JobProgress(
                    done: 40, total: 100, message: "files looked at\u{1B}[2J", attempt: 1,
                    at: ago(1))
            ),
            (jobs[1], nil),
        ],
        dead: [jobs[3]],
        workers: [
            WorkerStatus(
                worker: "w-00000000000000aa",
                offer: WorkerOffer(slots: ["steps": 4, "reports": 2], kinds: ["step", "report"]),
                processID: 4711, startedAt: ago(7200), isAlive: true,
                leased: [JobID(rawValue: 1044)])
        ],
        finished: [0, 1, 2, 3, 5, 8, 13, 21, 34, 21, 13, 8, 5, 3, 2, 1, 0, 0, 4, 4, 4])
}
