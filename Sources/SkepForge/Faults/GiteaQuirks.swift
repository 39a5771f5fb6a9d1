/// Habits of Gitea that clients stumble over, turned on for tests and trials.
///
/// Some of them the tracker always has, since clients rely on them: a review's unknown event is
/// PENDING, unknown labels vanish from a filter, issues take labels by ids only, what a stranger
/// sets besides text is dropped, and pages have at most 50 entries.
public struct GiteaQuirks: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// A pull request isn't mergeable when it's first looked at, nor after each push.
    public static let mergeableLate = GiteaQuirks(rawValue: 1 << 0)
    /// The first merge of a head is answered with 405, "Please try again later".
    public static let mergeRefusedOnce = GiteaQuirks(rawValue: 1 << 1)
    /// Times that there aren't are 0001-01-01T00:00:00Z instead of null.
    public static let zeroTimes = GiteaQuirks(rawValue: 1 << 2)
    /// 500 where the specification has another status: for a comment on a missing issue, and for
    /// a dependency that is there already.
    public static let serverErrors = GiteaQuirks(rawValue: 1 << 3)
    /// An empty timeline is null.
    public static let nullLists = GiteaQuirks(rawValue: 1 << 4)
    /// Pages have at most 10 entries, whatever is asked for.
    public static let smallPages = GiteaQuirks(rawValue: 1 << 5)

    public static let none: GiteaQuirks = []
    public static let all = GiteaQuirks(known.map(\.quirk))

    private static let known: [(name: String, quirk: GiteaQuirks)] = [
        ("mergeable-late", .mergeableLate), ("merge-refused-once", .mergeRefusedOnce),
        ("zero-times", .zeroTimes), ("server-errors", .serverErrors), ("null-lists", .nullLists),
        ("small-pages", .smallPages),
    ]

    static var names: String { (known.map(\.name) + ["all"]).joined(separator: ", ") }

    /// Reads a list such as "zero-times,small-pages", or "all".
    ///
    /// - Throws: `ForgeError.invalidFault`.
    public init(parsing text: String) throws(ForgeError) {
        self = []
        for part in text.split(separator: ",") {
            let word = part.filter { $0 != " " }
            if word == "all" {
                formUnion(.all)
            } else if let found = Self.known.first(where: { $0.name == word }) {
                formUnion(found.quirk)
            } else {
                throw .invalidFault(word)
            }
        }
    }
}
