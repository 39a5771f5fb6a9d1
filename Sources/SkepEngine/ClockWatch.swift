internal import SkepQueue

/// Notices when the wall clock is turned.
struct ClockWatch {
    private static let tolerance = Duration.seconds(5)
    private let clock: any Clock
    private var offset: Duration

    init(_ clock: any Clock) {
        self.clock = clock
        offset = Self.offset(clock)
    }

    /// How far it was turned since it was last asked; `nil` when that is not worth a word.
    mutating func jump() -> Duration? {
        let now = Self.offset(clock)
        let jump = now - offset
        guard jump > Self.tolerance || jump < .zero - Self.tolerance else { return nil }
        offset = now
        return jump
    }

    private static func offset(_ clock: any Clock) -> Duration {
        (clock.now - Timestamp(milliseconds: 0)) - clock.uptime
    }
}
