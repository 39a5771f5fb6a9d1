import ArgumentParser
import Synchronization
import UnixSignals

/// The signal that ends a command that follows something.
final class StopFlag: Sendable {
    private let value = Mutex<UnixSignal?>(nil)

    var signal: UnixSignal? { value.withLock { $0 } }

    func set(_ signal: UnixSignal) { value.withLock { $0 = $0 ?? signal } }
}

enum ExitCodes {
    /// 130 for an interrupt, as shells have it; 143 for everything else that asks to end.
    static func ended(by signal: UnixSignal) -> ExitCode {
        ExitCode(signal == .sigint ? Exit.interrupted : Exit.terminated)
    }
}
