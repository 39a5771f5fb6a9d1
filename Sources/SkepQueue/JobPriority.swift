/// What a job's priority is worth.
///
/// Jobs go in the order of their rank: the time at which they became ready, moved forward by a head
/// start for each step of priority. So a job of higher priority goes first, and still nothing
/// starves: whatever has waited longer than the other's head start goes before it. Among jobs of
/// equal priority it is the order in which they became ready.
///
/// A rank doesn't change while a job waits, so the jobs stand sorted in an index, and taking the
/// next one costs the same however many there are.
public enum JobPriority {
    /// The priorities a job may have: -1000 to 1000.
    public static let allowed = -1000...1000

    /// The priority ageing: the head start that one step of priority is worth. 10 minutes.
    ///
    /// A job that has waited 10 minutes goes before one that is one step more urgent and became
    /// ready just now; after an hour, before one that is six steps more urgent.
    public static let ageing = Duration.seconds(600)

    /// A job's place in its queue; the smallest goes first.
    public static func rank(of priority: Int, readyAt: Timestamp) -> Timestamp {
        readyAt - ageing * priority
    }
}
