#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// When something happened: by the wall clock, for people, and by uptime, for lengths.
public struct Moment: Sendable, Hashable {
    /// Milliseconds since 1970, UTC.
    public let wallMS: Int64
    /// Milliseconds for which the machine has been awake since it started: an agent isn't silent for
    /// as long as a laptop is shut, and its time doesn't run out.
    public let uptimeMS: Int64

    public init(wallMS: Int64, uptimeMS: Int64) {
        self.wallMS = wallMS
        self.uptimeMS = uptimeMS
    }

    public static var now: Moment {
        #if os(Linux)
            let uptime = read(CLOCK_MONOTONIC)
        #else
            let uptime = read(CLOCK_UPTIME_RAW)
        #endif
        return Moment(wallMS: read(CLOCK_REALTIME), uptimeMS: uptime)
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    func add(to fields: inout Fields, as key: String) {
        fields.add(key + "_at_ms", wallMS)
        fields.add(key + "_uptime_ms", uptimeMS)
    }

    init(from fields: Fields, as key: String) throws(WireError) {
        wallMS = try fields.requiredNumber(key + "_at_ms", as: Int64.self)
        uptimeMS = try fields.requiredNumber(key + "_uptime_ms", as: Int64.self)
    }
}
