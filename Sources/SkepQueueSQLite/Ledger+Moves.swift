internal import GRDB
internal import SkepQueue

extension Ledger {
    /// Makes the connection report each move of a job: these functions are what triggers call.
    ///
    /// A connection that doesn't have them, such as an older program's or a shell's, can't change
    /// jobs: it would ruin the counts without a word.
    func attach(to database: Database) {
        database.add(
            function: DatabaseFunction("skep_moved", argumentCount: 5) { [unowned self] values in
                self.note(Move(values))
                return nil
            })
        database.add(
            function: DatabaseFunction("skep_risen", argumentCount: 3) { [unowned self] values in
                self.noteNewHead(values)
                return nil
            })
    }

    private struct Move {
        let queue: String
        let kind: String
        let key: String?
        let from: String?
        let to: String?

        init(_ values: [DatabaseValue]) {
            queue = String.fromDatabaseValue(values[0]) ?? ""
            kind = String.fromDatabaseValue(values[1]) ?? ""
            key = String.fromDatabaseValue(values[2])
            from = String.fromDatabaseValue(values[3])
            to = String.fromDatabaseValue(values[4])
        }
    }

    private static let finished: Set<String> = Set(
        Job.State.allCases.filter(\.isFinished).map(\.rawValue))

    private func note(_ move: Move) {
        if move.from == "leased" || move.from == "ready" && move.to != "leased" {
            entries.stops += 1
        }
        if let from = move.from {
            entries.counts[Cell(queue: move.queue, state: from, kind: move.kind), default: 0] -= 1
        }
        if let to = move.to {
            entries.counts[Cell(queue: move.queue, state: to, kind: move.kind), default: 0] += 1
            if move.from == nil {
                entries.traffic[move.queue, default: Traffic()].enqueued += 1
            } else if Self.finished.contains(to) {
                entries.traffic[move.queue, default: Traffic()].finished += 1
            }
        }
        if let key = move.key { note(move, of: Key(queue: move.queue, name: key)) }
    }

    private func note(_ move: Move, of key: Key) {
        let ready = (move.to == "ready" ? 1 : 0) - (move.from == "ready" ? 1 : 0)
        let leased = (move.to == "leased" ? 1 : 0) - (move.from == "leased" ? 1 : 0)
        guard ready != 0 || leased != 0 else { return }
        entries.keys[key, default: KeyChange()].ready += ready
        entries.keys[key]?.leased += leased
        if ready != 0 { entries.keys[key]?.kinds.insert(move.kind) }
        known.keys.stale.insert(key)
    }

    private func noteNewHead(_ values: [DatabaseValue]) {
        guard let queue = String.fromDatabaseValue(values[0]),
            let kind = String.fromDatabaseValue(values[1]),
            let name = String.fromDatabaseValue(values[2])
        else { return }
        let key = Key(queue: queue, name: name)
        entries.keys[key, default: KeyChange()].kinds.insert(kind)
        known.keys.stale.insert(key)
    }
}
