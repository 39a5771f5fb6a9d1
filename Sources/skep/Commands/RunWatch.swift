import ArgumentParser
import SkepCore
import SkepQueue

/// Looks at runs until they are closed, and says what changes.
struct RunWatch {
    let store: any SwarmStore
    let console: Console
    var clock: any Clock = SystemClock()
    var interval = Duration.milliseconds(250)

    /// - Throws: `ExitCode(1)` when a run failed or was cancelled.
    func untilClosed(_ runs: [RunID]) async throws {
        let start = clock.uptime
        var told: [RunID: String] = [:]
        var last: [RunSummary] = []
        while true {
            last = []
            for id in runs { if let run = try await store.run(id) { last.append(run) } }
            for summary in last {
                let words = summary.state.words(clock.now)
                // A time that comes nearer isn't a change.
                let key =
                    summary.state.isClosed ? words : "\(summary.state.word) \(summary.attempt)"
                if told.updateValue(key, forKey: summary.run.id) != key {
                    tell(summary, words, clock.uptime - start)
                }
            }
            if last.allSatisfy(\.state.isClosed) { break }
            try await clock.sleep(for: interval)
        }
        if console.isJSON { console.show(.list(last.map(\.json))) }
        guard last.allSatisfy({ $0.state == .published || $0.state == .noChanges }) else {
            throw ExitCode(1)
        }
    }

    private func tell(_ summary: RunSummary, _ words: String, _ passed: Duration) {
        guard !console.isJSON, !console.isQuiet else { return }
        let time = TextWidth.pad(TimeText.short(passed), to: 7)
        let run = summary.run
        let remark = summary.remark.isEmpty ? "" : "  \(summary.remark)"
        console.remarks.line(
            PlainText.line("\(time) run \(run.id)  \(run.issue) \(run.agent)  \(words)\(remark)"))
    }
}
