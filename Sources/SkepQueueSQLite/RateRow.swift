internal import GRDB
internal import SkepQueue

extension RateLimit {
    /// The rate in three columns of a row, from `column` on: how many, in how many milliseconds,
    /// and the size of the bucket. `nil` when there is none.
    init?(_ row: Row, from column: Int) {
        guard let count = row[column] as Int?, let per = row[column + 1] as Int64?,
            let burst = row[column + 2] as Int?
        else { return nil }
        self.init(count, per: .milliseconds(per), burst: burst)
    }
}
