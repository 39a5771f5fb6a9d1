internal import GRDB
public import SkepQueue

extension QueueTransaction {
    /// Settles leases and takes new ones, as `QueueStore.exchange` does.
    public func exchange(
        _ settled: [SettledLease], for requests: [LeaseRequest]
    ) throws -> LeaseExchange {
        var refused: [LeaseToken: any Error] = [:]
        for lease in settled {
            do {
                try settleAlone(lease)
            } catch let error as QueueError where error.isBeforeWriting {
                refused[lease.token] = error
            } catch {
                guard !isPlain(lease.settlement), database.isInsideTransaction else { throw error }
                refused[lease.token] = error
            }
        }
        return LeaseExchange(refused: refused, leases: try requests.map(lease))
    }

    /// Settles a lease so that nothing was written for it when it is refused.
    private func settleAlone(_ lease: SettledLease) throws {
        if isPlain(lease.settlement) {
            try settle(lease.token, as: lease.settlement)
        } else {
            try savepoint("settled") { try settle(lease.token, as: lease.settlement) }
        }
    }

    /// Whether a settlement needs no savepoint: what is refused is refused before anything is
    /// written, and nobody else has a say. It is what nearly all settlements are.
    private func isPlain(_ settlement: Settlement) -> Bool {
        if case .succeeded(_, next: []) = settlement { rules.follower == nil } else { false }
    }
}

extension QueueError {
    /// Whether a plain settlement that fails with it has written nothing.
    fileprivate var isBeforeWriting: Bool {
        switch self {
        case .leaseLost, .resultTooLarge: true
        default: false
        }
    }
}
