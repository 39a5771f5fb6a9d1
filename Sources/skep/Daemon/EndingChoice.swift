import SkepCore
import Synchronization

/// How sessions are to end when their worker does; chosen by the signal that ends it.
final class EndingChoice: Sendable {
    private let value = Mutex(SessionEnding.stop)

    var ending: SessionEnding { value.withLock { $0 } }

    func choose(_ ending: SessionEnding) { value.withLock { $0 = ending } }
}
