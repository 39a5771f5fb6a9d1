internal import Foundation
public import SkepQueue

extension Timestamp {
    /// Reads a time such as "2027-03-28T01:00:00Z".
    public init(utc text: String) throws {
        let date = try Date(text, strategy: .iso8601)
        self.init(milliseconds: Int64(date.timeIntervalSince1970 * 1000))
    }
}

extension ManualClock {
    /// Sets the wall clock, as a person does; no time passes.
    public func setWallClock(_ time: Timestamp) {
        turnWallClock(by: time - now)
    }
}
