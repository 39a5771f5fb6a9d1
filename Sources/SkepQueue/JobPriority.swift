/// What a job's priority is worth.
///
/// Jobs go in the order of their rank: the time at which they became ready, moved forward by a head
/// start for each step of priority. So a job of higher priority goes first, and still nothing
/// starves: whatever has waited longer than the other's head start goes before it. Among jobs of
/// equal priority it is the order in which they became ready.
///
/// A rank doesn't change while a job waits, so the jobs stand sorted in an index, and taking the
/// next one costs the same however many there are.
///
/// Concurrency keys share fairly. The first job of a key, the one with the smallest rank, stands as
/// though it had become ready when a job of its key was leased last, if that was later; among equals
/// the key goes first that was served longer ago. So keys take turns: one with a hundred thousand
/// jobs doesn't keep the first of another one waiting for longer than a round, a step of priority is
/// still worth its head start, and the jobs of one key keep their order. Jobs without a key stand by
/// their own rank.
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
