internal import Foundation
internal import SkepCore
internal import SkepQueue

/// Hours follow the clocks of their time zone: when clocks are turned back, an hour that comes
/// twice counts twice; one that is left out doesn't come.
extension RunningHours {
    private static let minutesOfDay = 24 * 60

    private var zone: TimeZone { TimeZone(identifier: timeZone) ?? .gmt }

    /// Whether something may begin at this time.
    func contain(_ time: Timestamp) -> Bool { contains(Self.seconds(time), in: zone) }

    /// When they begin next; `nil` when they don't within ten days.
    func nextOpening(after time: Timestamp) -> Timestamp? {
        let zone = zone
        let now = Self.seconds(time)
        let today = Self.localDay(now, in: zone)
        var candidates: [Int] = []
        for day in today...(today + 10) {
            let local = day * 86_400 + from * 60
            // No zone is turned by more than a day; one of these is the offset then.
            for offset in Set([
                zone.offset(at: local - 86_400), zone.offset(at: local + 86_400),
            ]) {
                candidates.append(local - offset)
            }
        }
        // Clocks that are turned past the beginning begin in the midst of it.
        let date = Date(timeIntervalSince1970: Double(now))
        if let turn = zone.nextDaylightSavingTimeTransition(after: date) {
            candidates.append(Int(turn.timeIntervalSince1970))
        }
        return candidates.sorted().first { $0 > now && contains($0, in: zone) }
            .map { Timestamp(milliseconds: Int64($0) * 1000) }
    }

    /// "from 22:00 to 06:00 on Mon, Tue (Europe/Berlin)".
    var words: String {
        let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        let named = days.sorted().compactMap { day in
            names.indices.contains(day - 1) ? names[day - 1] : nil
        }
        let on = named.isEmpty ? "" : " on \(named.joined(separator: ", "))"
        return "from \(Self.clock(from)) to \(Self.clock(to))\(on) (\(timeZone))"
    }

    private static func clock(_ minutes: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minutes / 60)):\(two(minutes % 60))"
    }

    private func contains(_ instant: Int, in zone: TimeZone) -> Bool {
        let local = instant + zone.offset(at: instant)
        let day = Self.floor(local, 86_400)
        let minute = (local - day * 86_400) / 60
        if from < to { return from <= minute && minute < to && begins(on: day) }
        return (minute >= from && begins(on: day)) || (minute < to && begins(on: day - 1))
    }

    /// - Parameter day: Days since 1970-01-01, which was a Thursday.
    private func begins(on day: Int) -> Bool {
        days.isEmpty || days.contains(((day + 3) % 7 + 7) % 7 + 1)
    }

    private static func localDay(_ instant: Int, in zone: TimeZone) -> Int {
        floor(instant + zone.offset(at: instant), 86_400)
    }

    private static func seconds(_ time: Timestamp) -> Int { floor(Int(time.milliseconds), 1000) }

    private static func floor(_ number: Int, _ divisor: Int) -> Int {
        number >= 0 ? number / divisor : (number - divisor + 1) / divisor
    }
}

extension TimeZone {
    /// How far its clocks are ahead of UTC, in seconds.
    fileprivate func offset(at instant: Int) -> Int {
        secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant)))
    }
}
