internal import SkepCore
internal import SkepQueue

/// FNV-1a with 64 bits: the same on every machine and in every process, unlike `Hasher`
/// (http://www.isthe.com/chongo/tech/comp/fnv/).
struct FNV1a: Sendable {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
        // A separator that no UTF-8 text has, so that "a", "bc" differs from "ab", "c".
        add(0xff)
    }

    /// Bytes of any kind, their number first.
    mutating func add(_ bytes: [UInt8]) {
        add(String(bytes.count))
        for byte in bytes { add(byte) }
    }

    private mutating func add(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    /// Sixteen hexadecimal digits.
    var hex: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    static func hash(_ texts: [String]) -> FNV1a {
        var hash = FNV1a()
        for text in texts { hash.add(text) }
        return hash
    }
}

extension Issue {
    /// Differs when anything about the issue does that an orchestrator could care for. Times are
    /// whole seconds, so the newest second is told apart by this.
    var fingerprint: UInt64 {
        var hash = FNV1a()
        hash.add("\(updatedAt.milliseconds) \(isOpen) \(commentCount ?? -1)")
        hash.add(title)
        hash.add(body)
        hash.add(milestone ?? "")
        for label in labels.sorted() { hash.add(label) }
        hash.add("")
        for login in assignees.map({ $0.rawValue.lowercased() }).sorted() { hash.add(login) }
        return hash.value
    }

    /// Without its text, which can be large and is read again when somebody works on it.
    var withoutBody: Issue {
        Issue(
            reference: reference, title: title, body: "", isOpen: isOpen, labels: labels,
            assignees: assignees, author: author, isPullRequest: isPullRequest,
            createdAt: createdAt, updatedAt: updatedAt, url: url, milestone: milestone,
            commentCount: commentCount)
    }
}
