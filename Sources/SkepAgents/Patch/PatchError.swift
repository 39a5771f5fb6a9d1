public import SkepCore

/// Why an issue's patch isn't applied. Nothing was changed then.
public enum PatchError: SkepError, Hashable {
    /// There is no diff in the issue.
    case noPatch
    case malformed(line: String)
    /// It would write where it mustn't.
    case refusedPath(String, reason: String)
    case doesNotApply(String)

    public var kind: ErrorKind { .refused }

    public var what: String {
        switch self {
        case .noPatch: "The issue has no patch."
        case .malformed(let line): "The issue's patch can't be read at \"\(line)\"."
        case .refusedPath(let path, _): "The issue's patch isn't applied: it changes \"\(path)\"."
        case .doesNotApply: "The issue's patch doesn't apply to this commit."
        }
    }

    public var why: String? {
        switch self {
        case .noPatch: "Neither a ```diff or ```patch block nor \"diff --git\" was found in it."
        case .malformed: "It isn't a whole unified diff."
        case .refusedPath(_, let reason), .doesNotApply(let reason): reason
        }
    }

    public var advice: String? {
        switch self {
        case .noPatch, .malformed: "Put the output of \"git diff\" into a ```diff block."
        case .doesNotApply: "Make it anew against the default branch."
        case .refusedPath: nil
        }
    }
}
