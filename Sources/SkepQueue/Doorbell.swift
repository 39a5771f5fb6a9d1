/// Wakes the one task that waits at it. Rings that come while nobody waits count as one.
final class Doorbell: Sendable {
    private let rings: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (rings, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func ring() { continuation.yield() }

    /// Waits for a ring, a length of time, or the task's cancellation.
    func wait(for length: Duration, clock: any Clock) async {
        // Not waited for: it is cancelled when this returns, and then does nothing.
        let timer = Task {
            do {
                try await clock.sleep(for: length)
                ring()
            } catch {}
        }
        defer { timer.cancel() }
        var iterator = rings.makeAsyncIterator()
        await iterator.next()
    }
}
