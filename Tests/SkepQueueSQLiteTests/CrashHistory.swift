import SkepQueue

/// One process of the storm, from its first line to its death. Times are microseconds of uptime.
struct CrashLife {
    let role: CrashStorm.Role
    /// When it was stopped for the first time.
    var stoppedAt: Int64?
    /// The last time at which it was seen alive.
    var diedAt: Int64 = .max

    /// From when on what it says of itself doesn't count.
    var end: Int64 { min(stoppedAt ?? .max, diedAt) }
}

/// What the journals say of all who were killed.
struct CrashHistory {
    struct AttemptID: Hashable {
        let job: Int64
        let number: Int
    }

    /// An attempt whose handler began.
    struct Begun {
        let life: Int
        let at: Int64
        let key: String?
        var ending: Int64?
        /// How it was settled, as the store has acknowledged.
        var settled: String?
    }

    struct Stay {
        let life: Int
        let from: Int64
        var to: Int64?
    }

    private(set) var lives: [CrashLife] = []
    private(set) var enqueued: Set<Int64> = []
    private(set) var cancelled: Set<Int64> = []
    private(set) var sent: Set<Int64> = []
    /// How many processes died of a poison job.
    private(set) var poisonings = 0
    private(set) var attempts: [AttemptID: Begun] = [:]
    /// The jobs that each unique key was answered with.
    private(set) var unique: [String: Set<Int64>] = [:]
    private(set) var uniqueAnswers = 0
    /// Which attempts ran, and which recorded a step of a job.
    private(set) var stepRuns: [String: [Int]] = [:]
    private(set) var stepRecords: [String: [Int]] = [:]
    /// Who had a permit of the semaphore, by its number.
    private(set) var permits: [Int64: Stay] = [:]
    /// What can't be, whatever the rows say.
    private(set) var problems: [String] = []

    /// Reads the journal of a process that is dead.
    mutating func read(_ journal: String, of life: CrashLife) {
        let lines = journal.utf8.split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
        }
        var life = life
        // Its last line may be younger than the last look at it.
        if let last = lines.last.flatMap({ Int64($0[0]) }) {
            life.diedAt = life.diedAt == .max ? last : max(last, life.diedAt)
        }
        lives.append(life)
        for words in lines where !note(words, in: lives.count - 1) {
            problems.append("A journal says \"\(words.joined(separator: " "))\".")
        }
    }

    /// - Returns: Whether the line was understood.
    private mutating func note(_ words: [String], in life: Int) -> Bool {
        guard words.count >= 3, let at = Int64(words[0]), let id = Int64(words[2]) else {
            return false
        }
        switch (words[1], words.count) {
        case ("enqueued", 3): enqueued.insert(id)
        case ("enqueued", 4):
            enqueued.insert(id)
            unique[words[3], default: []].insert(id)
            uniqueAnswers += 1
        case ("sent", 3): sent.insert(id)
        case ("cancelled", 3): cancelled.insert(id)
        case ("entered", 3): noteEntry(Stay(life: life, from: at), permit: id)
        case ("leaving", 3): permits[id]?.to = at
        default:
            guard words.count >= 4, let number = Int(words[3]) else { return false }
            return noteAttempt(AttemptID(job: id, number: number), words, at, in: life)
        }
        return true
    }

    private mutating func noteAttempt(
        _ attempt: AttemptID, _ words: [String], _ at: Int64, in life: Int
    ) -> Bool {
        switch (words[1], words.count) {
        case ("began", _):
            if attempts[attempt] != nil {
                problems.append("Attempt \(attempt.number) at job \(attempt.job) began twice.")
            }
            attempts[attempt] = Begun(
                life: life, at: at, key: words.count == 5 ? words[4] : nil)
        case ("ending", 4):
            // A handler that settles says so itself, and is through later.
            if attempts[attempt]?.ending == nil { attempts[attempt]?.ending = at }
        case ("settled", 5):
            if attempts[attempt]?.settled != nil {
                problems.append("Attempt \(attempt.number) at job \(attempt.job) settled twice.")
            }
            attempts[attempt]?.settled = words[4]
        case ("runs", 5):
            stepRuns["\(attempt.job) \(words[4])", default: []].append(attempt.number)
        case ("recorded", 5):
            stepRecords["\(attempt.job) \(words[4])", default: []].append(attempt.number)
        case ("poison", 4): poisonings += 1
        default: return false
        }
        return true
    }

    private mutating func noteEntry(_ stay: Stay, permit: Int64) {
        if permits[permit] != nil { problems.append("Permit \(permit) was given twice.") }
        permits[permit] = stay
    }
}
