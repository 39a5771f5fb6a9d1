internal import SkepQueue

extension Timestamp {
    /// The end of the year 9999, which stands for never: what waits without an end waits until then.
    static let endOfTime = Timestamp(milliseconds: 253_402_300_799_999)
}
