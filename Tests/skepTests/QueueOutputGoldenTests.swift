import SkepQueue
import Testing

@testable import skep

@Suite struct QueueOutputGoldenTests {
    @Test("A list of jobs as a table and as JSON")
    func jobs() throws {
        let jobs = Samples.jobs

        try expectGolden(Samples.text(jobs.table(goldenNow)), "queue-list.txt")
        try expectGolden(JSON.list(jobs.map(\.json)).document(), "queue-list.json")
    }

    @Test("The queues' status as a table and as JSON")
    func status() throws {
        let statuses = Samples.statuses

        try expectGolden(
            Samples.text(statuses.table(goldenNow)) + "\n" + Samples.text(statuses.keyTable()),
            "queue-status.txt")
        try expectGolden(JSON.list(statuses.map(\.json)).document(), "queue-status.json")
    }

    @Test("A job with its failures as JSON")
    func details() throws {
        try expectGolden(Samples.jobDetails.json.document(), "queue-show.json")
    }
}

@Suite struct RunOutputGoldenTests {
    @Test("A list of runs as a table and as JSON")
    func runs() throws {
        try expectGolden(Samples.text(Samples.runs.table(goldenNow), width: 120), "run-list.txt")
        try expectGolden(JSON.list(Samples.runs.map(\.json)).document(), "run-list.json")
    }

    @Test("A run with its history as JSON")
    func details() throws {
        try expectGolden(Samples.runDetails.json.document(), "run-show.json")
    }

    @Test("A list of branches as a table and as JSON")
    func branches() throws {
        try expectGolden(Samples.text(Samples.branches.table), "branch-list.txt")
        try expectGolden(
            JSON.list(Samples.branches.map(\.detailedJSON)).document(), "branch-show.json")
    }

    @Test("The status of the house as JSON")
    func status() throws {
        try expectGolden(Samples.statusReport.json.document(), "status.json")
    }
}
