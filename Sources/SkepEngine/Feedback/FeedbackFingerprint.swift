internal import SkepCore

/// Says what of a pull request went back to its agent: all reviews and comments up to these, these
/// failing checks, this conflict. Kept as the cause of the demand, so a later round knows what was
/// said before.
///
/// "12.40.9f3c….a1b2c3d4e5": the last review, the last comment, the failing checks with their
/// commit, the commit with conflicts; 0 for none.
struct FeedbackFingerprint: Sendable, Hashable, CustomStringConvertible {
    var lastReview: Int64 = 0
    var lastComment: Int64 = 0
    var checks = Self.none
    var conflict = Self.none

    static let none = "0"

    init() {}

    /// `nil` for one that this program doesn't know.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, let review = Int64(parts[0]), let comment = Int64(parts[1]) else {
            return nil
        }
        lastReview = review
        lastComment = comment
        checks = String(parts[2])
        conflict = String(parts[3])
    }

    var description: String { "\(lastReview).\(lastComment).\(checks).\(conflict)" }

    /// What went back in all of these rounds.
    static func all(of causes: [TriggerCause], for pullRequest: Int) -> [FeedbackFingerprint] {
        causes.compactMap { cause in
            guard case .feedback(pullRequest, let text) = cause else { return nil }
            return FeedbackFingerprint(text)
        }
    }
}
