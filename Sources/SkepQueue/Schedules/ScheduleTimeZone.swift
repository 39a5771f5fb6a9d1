internal import Foundation

/// A time zone of the IANA database, such as "Europe/Berlin", whose clocks a schedule follows.
public struct ScheduleTimeZone: Sendable, Hashable, CustomStringConvertible {
    /// Its name, as it was given.
    public let identifier: String

    private let zone: TimeZone

    /// Coordinated Universal Time, whose clocks are never turned.
    public static let utc = ScheduleTimeZone(identifier: "UTC", zone: .gmt)

    /// The machine's own.
    public static var current: ScheduleTimeZone {
        ScheduleTimeZone(identifier: TimeZone.current.identifier, zone: .current)
    }

    /// - Throws: `ScheduleError.unknownTimeZone`.
    public init(_ identifier: String) throws(ScheduleError) {
        // Foundation also knows "GMT+2", of which POSIX says the opposite.
        guard let zone = TimeZone(identifier: identifier),
            !identifier.hasPrefix("GMT") || identifier == "GMT"
        else { throw .unknownTimeZone(identifier) }
        self.init(identifier: identifier, zone: zone)
    }

    private init(identifier: String, zone: TimeZone) {
        self.identifier = identifier
        self.zone = zone
    }

    public var description: String { identifier }

    /// How far local clocks are ahead of UTC, in seconds. Instants are seconds since 1970.
    func offset(at instant: Int) -> Int {
        zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant)))
    }

    /// The first instant at which clocks show a local time; the first after the gap when they were
    /// turned past it.
    func firstInstant(ofLocal local: Int) -> Int {
        // No zone is turned by more than a day, and none twice within two.
        let before = offset(at: local - 86_400)
        let after = offset(at: local + 86_400)
        if offset(at: local - before) == before { return local - before }
        if offset(at: local - after) == after { return local - after }
        return firstChange(after: local - after, through: local - before) ?? local - before
    }

    /// The first instant at which the offset is another than at `start`, if it is at `end`.
    func firstChange(after start: Int, through end: Int) -> Int? {
        let old = offset(at: start)
        guard start < end, offset(at: end) != old else { return nil }
        var (same, changed) = (start, end)
        while changed - same > 1 {
            let middle = same + (changed - same) / 2
            if offset(at: middle) == old { same = middle } else { changed = middle }
        }
        return changed
    }
}
