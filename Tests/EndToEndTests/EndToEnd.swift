import Testing

/// The programs as they were built, with a tracker, a database and repositories of their own. One
/// after the other: they start processes, and some of them watch the time.
@Suite("End to end", .serialized, .timeLimit(.minutes(10)))
enum EndToEnd {}
