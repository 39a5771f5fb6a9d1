/// The right to be one of those who may do something at the same time.
///
/// It ends when it is given back, or when its holder's registration does: with its process at the
/// latest, however that ends.
public struct Permit: Sendable, Hashable {
    public let semaphore: SemaphoreName
    public let holder: WorkerID
    /// Grows with each permit of the semaphore. What is written to elsewhere can use it to refuse
    /// a holder that was thought dead: a fencing token.
    public let number: Int64

    public init(semaphore: SemaphoreName, holder: WorkerID, number: Int64) {
        self.semaphore = semaphore
        self.holder = holder
        self.number = number
    }
}

/// Who holds a semaphore, and who waits for it.
public struct SemaphoreStatus: Sendable, Hashable {
    public let name: SemaphoreName
    public let permits: Int
    public let held: [Permit]
    public let waiting: [WorkerID]

    public init(name: SemaphoreName, permits: Int, held: [Permit], waiting: [WorkerID]) {
        self.name = name
        self.permits = permits
        self.held = held
        self.waiting = waiting
    }
}

/// Locks and semaphores that all processes of a queue share. A lock is a semaphore of one permit.
public protocol SemaphoreStore: Sendable {
    /// Takes a permit, or a place in the line of those who wait for one; first come, first served.
    ///
    /// - Parameters:
    ///   - permits: How many there are. All who use a semaphore at the same time name the same
    ///     number; the last one counts. At least 1.
    ///   - holder: Whoever has registered; see `register`. A worker that is dead has no permits and
    ///     no place in the line.
    /// - Returns: `nil` when the holder has to wait; its registration signals when it is worth
    ///   asking again. Whoever asks again keeps its place.
    func acquire(
        _ semaphore: SemaphoreName, permits: Int, holder: WorkerID
    ) async throws -> Permit?

    /// Gives a permit back. One that was lost meanwhile is no error.
    func giveBack(_ permit: Permit) async throws

    /// Leaves the line.
    func stopWaiting(for semaphore: SemaphoreName, holder: WorkerID) async throws

    /// All that are held or waited for, by name.
    func semaphores() async throws -> [SemaphoreStatus]
}
