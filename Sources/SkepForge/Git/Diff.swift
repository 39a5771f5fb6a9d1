/// A difference as text, taken apart into files, hunks and lines.
struct Diff: Sendable, Equatable {
    struct Line: Sendable, Equatable {
        enum Kind: Sendable { case context, added, removed, note }
        let kind: Kind
        let text: String
        /// Line numbers of the file, from 1; `nil` on the other side.
        let oldNumber: Int?
        let newNumber: Int?
    }

    struct Hunk: Sendable, Equatable {
        let header: String
        var lines: [Line] = []
    }

    struct File: Sendable, Equatable {
        var oldPath: String
        var newPath: String
        /// What git says between the names and the first hunk, such as a change of mode.
        var notes: [String] = []
        var hunks: [Hunk] = []
        var isBinary = false

        /// The path it has now, or had if it's gone.
        var path: String { newPath == "/dev/null" || newPath.isEmpty ? oldPath : newPath }
    }

    let files: [File]

    init(_ text: String) {
        var files: [File] = []
        var hunk: Hunk?
        var (oldNumber, newNumber) = (0, 0)
        // How many lines of the hunk are to come on each side: what looks like a header within
        // a hunk is a line of the file.
        var (oldLeft, newLeft) = (0, 0)

        func closeHunk() {
            if let done = hunk, !files.isEmpty { files[files.count - 1].hunks.append(done) }
            hunk = nil
        }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if hunk != nil, oldLeft > 0 || newLeft > 0 || line.hasPrefix("\\") {
                let rest = String(line.dropFirst())
                switch line.first {
                case "+":
                    hunk?.lines.append(
                        Line(kind: .added, text: rest, oldNumber: nil, newNumber: newNumber))
                    newNumber += 1
                    newLeft -= 1
                case "-":
                    hunk?.lines.append(
                        Line(kind: .removed, text: rest, oldNumber: oldNumber, newNumber: nil))
                    oldNumber += 1
                    oldLeft -= 1
                case "\\":
                    hunk?.lines.append(
                        Line(kind: .note, text: String(line), oldNumber: nil, newNumber: nil))
                default:
                    hunk?.lines.append(
                        Line(
                            kind: .context, text: rest, oldNumber: oldNumber, newNumber: newNumber))
                    oldNumber += 1
                    newNumber += 1
                    oldLeft -= 1
                    newLeft -= 1
                }
                continue
            }
            if line.hasPrefix("diff --git ") {
                closeHunk()
                let paths = Self.gitPaths(line)
                files.append(File(oldPath: paths.old, newPath: paths.new))
            } else if line.hasPrefix("@@ "), let range = Self.ranges(line) {
                closeHunk()
                hunk = Hunk(header: String(line))
                (oldNumber, oldLeft) = range.old
                (newNumber, newLeft) = range.new
            } else if !files.isEmpty {
                closeHunk()
                Self.read(line, into: &files[files.count - 1])
            }
        }
        closeHunk()
        self.files = files
    }

    /// The hunk up to a line, as Gitea gives it with a review's comment; empty when it's outside.
    func hunk(of path: String, oldLine: Int, newLine: Int) -> String {
        guard let file = files.first(where: { $0.path == path || $0.oldPath == path }) else {
            return ""
        }
        for hunk in file.hunks {
            let end = hunk.lines.firstIndex {
                newLine > 0 ? $0.newNumber == newLine : oldLine > 0 && $0.oldNumber == oldLine
            }
            guard let end else { continue }
            return ([hunk.header] + hunk.lines[...end].suffix(8).map(\.patchText))
                .joined(separator: "\n")
        }
        return ""
    }

    private static func read(_ line: Substring, into file: inout File) {
        if line.hasPrefix("--- ") {
            if let path = plainPath(line.dropFirst(4)) { file.oldPath = path }
        } else if line.hasPrefix("+++ ") {
            if let path = plainPath(line.dropFirst(4)) { file.newPath = path }
        } else if line.hasPrefix("rename from ") {
            file.oldPath = unquoted(line.dropFirst("rename from ".count))
            file.notes.append(String(line))
        } else if line.hasPrefix("rename to ") {
            file.newPath = unquoted(line.dropFirst("rename to ".count))
            file.notes.append(String(line))
        } else if line.hasPrefix("GIT binary patch") || line.hasPrefix("Binary files ") {
            file.isBinary = true
        } else if !file.isBinary, !line.isEmpty, !line.hasPrefix("index ") {
            file.notes.append(String(line))
        }
    }

    /// "@@ -1,2 +3,4 @@": first line and count of both sides.
    private static func ranges(_ line: Substring) -> (old: (Int, Int), new: (Int, Int))? {
        let parts = line.split(separator: " ", maxSplits: 3)
        guard parts.count >= 3, parts[1].hasPrefix("-"), parts[2].hasPrefix("+") else { return nil }
        func range(_ text: Substring) -> (Int, Int)? {
            let numbers = text.dropFirst().split(separator: ",").map { Int($0) }
            guard let first = numbers.first ?? nil else { return nil }
            return (first, numbers.count > 1 ? numbers[1] ?? 1 : 1)
        }
        guard let old = range(parts[1]), let new = range(parts[2]) else { return nil }
        return (old, new)
    }

    /// The two paths of "diff --git a/x b/x". Only good where both are the same, which is where
    /// nothing better follows.
    private static func gitPaths(_ line: Substring) -> (old: String, new: String) {
        let rest = line.dropFirst("diff --git ".count)
        if rest.hasPrefix("\"") {
            let path = unquoted(rest.prefix(rest.count / 2))
            return (String(path.dropFirst(2)), String(path.dropFirst(2)))
        }
        let half = String(rest.prefix(max(0, (rest.count - 1) / 2)).dropFirst(2))
        return (half, half)
    }

    private static func plainPath(_ text: Substring) -> String? {
        // git puts a tab behind names with blanks.
        let path = unquoted(text.hasSuffix("\t") ? text.dropLast() : text)
        return path == "/dev/null" ? path : String(path.dropFirst(2))
    }

    /// Undoes git's quoting of unusual names.
    private static func unquoted(_ text: Substring) -> String {
        guard text.hasPrefix("\""), text.hasSuffix("\""), text.count >= 2 else {
            return String(text)
        }
        var bytes: [UInt8] = []
        var rest = Array(text.dropFirst().dropLast().utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            switch next {
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "0")...UInt8(ascii: "3"):
                let digits = [next] + rest.prefix(2)
                rest = rest.dropFirst(2)
                bytes.append(UInt8(String(decoding: digits, as: UTF8.self), radix: 8) ?? 63)
            default: bytes.append(next)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Diff.Line {
    /// As it stands in a patch.
    var patchText: String {
        switch kind {
        case .added: "+" + text
        case .removed: "-" + text
        case .context: " " + text
        case .note: text
        }
    }
}
