import SkepCore
import SkepQueue

/// One picture of `skep queue status --watch`: lines that fit the terminal.
struct QueueFrame {
    let picture: QueuePicture
    let scene: LiveScene

    /// At most as many lines as there are rows, none too wide.
    func lines() -> [String] {
        guard scene.columns > 0, scene.rows > 0 else { return [] }
        let title = "Queue  \(picture.summary)"
        guard scene.rows >= 4 else { return [scene.cut(title)] }
        var head = [scene.sides(title, scene.local.second(scene.now), .bold, .dim)]
        if let problem = scene.problem {
            head.append(scene.style(scene.cut("not up to date: \(problem)"), .red))
        } else {
            head.append(scene.sides(pace, pulse(scene.columns / 3), .dim, .green))
        }
        let board = LiveSections(sections: sections.filter { !$0.table.isEmpty }, scene: scene)
        var body = board.lines(room: scene.rows - head.count - 1)
        if picture.statuses.isEmpty, scene.rows >= 6 {
            body = ["", scene.cut("The queue has never had a job.")]
        }
        let gap = max(0, scene.rows - head.count - body.count - 1)
        return head + body + Array(repeating: "", count: gap)
            + [scene.sides(foot, "q ends this", .yellow, .dim)]
    }

    /// "1,240 done and 300 enqueued a minute"
    private var pace: String {
        let done = Phrase.grouped(Int(picture.finishedPerMinute.rounded()))
        let came = Phrase.grouped(Int(picture.enqueuedPerMinute.rounded()))
        return "\(done) done and \(came) enqueued a minute"
    }

    private var foot: String {
        let unknown = picture.unknownKinds
        guard let first = unknown.first else { return "" }
        let more = unknown.count > 1 ? " and \(unknown.count - 1) more" : ""
        return "no worker knows kind \(first.kind)\(more)"
    }

    /// How many jobs were finished in each of the last looks, as little bars.
    func pulse(_ width: Int) -> String {
        let bars = Array("▁▂▃▄▅▆▇█")
        let shown = picture.finished.suffix(max(width, 0))
        guard let most = shown.max(), most > 0 else { return "" }
        return String(
            shown.map { count in
                count == 0 ? " " : bars[min(bars.count - 1, count * bars.count / (most + 1))]
            })
    }

    // Sections

    private var sections: [LiveSection] {
        [
            LiveSection(title: "Queue", table: queues, weight: 10),
            LiveSection(title: "Running", table: running, weight: 8, style: .green),
            LiveSection(
                title: "Keys of", table: picture.statuses.keyTable(agents: picture.agents),
                weight: 4),
            LiveSection(title: "Dead", table: dead, weight: 3, style: .red),
            LiveSection(title: "Worker", table: picture.workers.table(scene.now), weight: 2),
        ]
    }

    private var queues: Table {
        var table = Table([
            .flexible("QUEUE"), .fixed("READY"), .fixed("RUNNING"), .fixed("SCHEDULED"),
            .fixed("DEAD"), .fixed("OLDEST"), .fixed("DONE/MIN"), .fixed("DRAINED IN"),
            .optional("LIMITS"),
        ])
        for status in picture.statuses {
            table.add([
                status.shownName,
                Phrase.grouped(status.counts[.ready] ?? 0),
                Phrase.grouped(status.counts[.leased] ?? 0),
                Phrase.grouped(status.counts[.scheduled] ?? 0),
                Phrase.grouped(status.counts[.dead] ?? 0),
                status.oldestReadyAt.map { TimeText.short(scene.now - $0) } ?? "-",
                Phrase.grouped(Int(status.finishedPerMinute.rounded())),
                status.shownTimeToDrain, status.shownLimits,
            ])
        }
        return table.withoutEmptyColumns(keeping: ["QUEUE", "READY", "RUNNING", "DONE/MIN"])
    }

    private var running: Table {
        var table = Table([
            .fixed("JOB"), .flexible("QUEUE"), .flexible("ABOUT"), .fixed("FOR"),
            .fixed("PROGRESS"), .optional("SAYS"),
        ])
        for (listed, progress) in picture.running {
            let job = listed.job
            table.add([
                "\(job.id)", job.queue.rawValue,
                listed.about + (job.attempt > 1 ? " (try \(job.attempt))" : ""),
                TimeText.short(scene.now - (job.leasedAt ?? job.enqueuedAt)),
                progress.map { $0.bar(10) } ?? "", progress?.message ?? "",
            ])
        }
        return table.withoutEmptyColumns(keeping: ["JOB", "ABOUT", "FOR"])
    }

    private var dead: Table {
        var table = Table([
            .fixed("JOB"), .flexible("QUEUE"), .flexible("ABOUT"), .fixed("SINCE"),
            .flexible("REASON"),
        ])
        for listed in picture.dead {
            table.add([
                "\(listed.job.id)", listed.job.queue.rawValue, listed.about,
                TimeText.relative(
                    listed.job.finishedAt ?? listed.job.enqueuedAt, to: scene.now),
                listed.reason ?? "",
            ])
        }
        return table
    }
}

extension JobProgress {
    /// "████░░░░░░ 40 %", or how much is done where the whole isn't known.
    func bar(_ width: Int) -> String {
        guard let total, total > 0 else { return Phrase.grouped(Int(clamping: done)) }
        let share = min(1, max(0, Double(done) / Double(total)))
        let full = Int((share * Double(width)).rounded(.down))
        return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
            + " \(Int((share * 100).rounded(.down))) %"
    }

    /// "40 of 100"
    var text: String {
        let done = Phrase.grouped(Int(clamping: done))
        return total.map { "\(done) of \(Phrase.grouped(Int(clamping: $0)))" } ?? done
    }
}
