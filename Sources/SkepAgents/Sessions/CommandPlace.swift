import SkepCore
import SkepQueue

/// The folder of a command's session while it lasts: "commands-88-1042-2" for attempt 2 at job 1042
/// of run 88.
struct CommandPlace: Hashable, Sendable {
    let run: RunID
    let job: JobID
    let attempt: Int

    init(run: RunID, lease: LeaseToken) {
        self.run = run
        job = lease.job
        attempt = lease.attempt
    }

    /// `nil` for a folder of another kind.
    init?(folder: String) {
        let parts = folder.split(separator: "-")
        guard parts.count == 4, parts[0] == "commands", let run = RunID(String(parts[1])),
            let job = JobID(String(parts[2])), let attempt = Int(parts[3])
        else { return nil }
        self.run = run
        self.job = job
        self.attempt = attempt
    }

    var folder: String { "commands-\(run)-\(job)-\(attempt)" }

    /// Whether it is of the same run, and of an attempt before that one.
    func precedes(_ other: CommandPlace) -> Bool {
        run == other.run && (job, attempt) < (other.job, other.attempt)
    }
}
