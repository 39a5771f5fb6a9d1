/// The changes of one file in a unified diff, taken apart as far as needed to trust it.
struct FilePatch: Sendable, Hashable {
    /// Paths without "a/" and "b/"; `nil` for /dev/null.
    var oldPath: String?
    var newPath: String?
    /// Further lines of git's header: modes, renames, index.
    var header: [String] = []
    /// "@@" lines with what follows each.
    var hunks: [String] = []

    /// Whatever it changes, makes or takes away.
    var paths: [String] { Array(Set([oldPath, newPath].compactMap { $0 })) }

    /// What its header names besides; the same paths, unless it lies.
    var headerPaths: [String] {
        ["rename from ", "rename to ", "copy from ", "copy to "].flatMap { word in
            header.filter { $0.hasPrefix(word) }.map { String($0.dropFirst(word.count)) }
        }
    }

    /// The patch as git writes it, also when it came from plain `diff -u`.
    var text: String {
        let old = oldPath ?? newPath ?? ""
        let new = newPath ?? oldPath ?? ""
        var lines = ["diff --git \(quoted("a/" + old)) \(quoted("b/" + new))"]
        lines += header
        if oldPath == nil, !header.contains(where: { $0.hasPrefix("new file mode") }) {
            lines.append("new file mode 100644")
        }
        if newPath == nil, !header.contains(where: { $0.hasPrefix("deleted file mode") }) {
            lines.append("deleted file mode 100644")
        }
        if !hunks.isEmpty {
            lines.append("--- " + (oldPath.map { quoted("a/" + $0) } ?? "/dev/null"))
            lines.append("+++ " + (newPath.map { quoted("b/" + $0) } ?? "/dev/null"))
        }
        return (lines + hunks).map { $0 + "\n" }.joined()
    }

    /// As git quotes names that hold anything unusual.
    private func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        if isPlain { return path }
        var text = "\""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                text += "\\" + String(UnicodeScalar(byte))
            case 0x20..<0x7F: text.unicodeScalars.append(UnicodeScalar(byte))
            default:
                let octal = String(byte, radix: 8)
                text += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
            }
        }
        return text + "\""
    }
}

/// Reads unified diffs: those of git and those of `diff -u`.
struct PatchReader {
    private let lines: [Substring]
    private var index = 0

    init(_ text: some StringProtocol) {
        lines = Substring(text).split(separator: "\n", omittingEmptySubsequences: false)
    }

    init(lines: [Substring], from index: Int) {
        self.lines = lines
        self.index = index
    }

    /// The line behind the last one that was part of a patch.
    var position: Int { index }

    /// All files' patches in a text that is meant to be a diff; other lines between them, such as
    /// a mail's head, are passed over.
    mutating func all() throws(PatchError) -> [FilePatch] {
        var patches: [FilePatch] = []
        while index < lines.count {
            if let patch = try next() { patches.append(patch) } else { index += 1 }
        }
        return patches
    }

    /// The patch that begins at this line; `nil` when none does.
    mutating func next() throws(PatchError) -> FilePatch? {
        var patch = FilePatch()
        guard let line = current else { return nil }
        if line.hasPrefix("diff --git ") {
            (patch.oldPath, patch.newPath) = try Self.gitPaths(line)
            index += 1
            readHeader(&patch)
        } else if !(line.hasPrefix("--- ") && following?.hasPrefix("+++ ") == true) {
            return nil
        }
        if let line = current, line.hasPrefix("--- "), following?.hasPrefix("+++ ") == true {
            patch.oldPath = try Self.path(line.dropFirst(4), prefix: "a/")
            patch.newPath = try Self.path(following!.dropFirst(4), prefix: "b/")  // checked above
            index += 2
            while current?.hasPrefix("@@ ") == true { try readHunk(&patch) }
            if patch.hunks.isEmpty { throw .malformed(line: String(line)) }
        }
        return patch
    }

    private var current: Substring? { index < lines.count ? lines[index] : nil }
    private var following: Substring? { index + 1 < lines.count ? lines[index + 1] : nil }

    private static let headerWords = [
        "index ", "old mode ", "new mode ", "deleted file mode ", "new file mode ",
        "similarity index ", "dissimilarity index ", "rename from ", "rename to ", "copy from ",
        "copy to ",
    ]

    private mutating func readHeader(_ patch: inout FilePatch) {
        while let line = current, Self.headerWords.contains(where: { line.hasPrefix($0) }) {
            patch.header.append(String(line))
            if line.hasPrefix("new file mode ") { patch.oldPath = nil }
            if line.hasPrefix("deleted file mode ") { patch.newPath = nil }
            index += 1
        }
    }

    /// A hunk is as long as its first line says; an editor that cut a blank at a line's end made
    /// empty context lines of it.
    private mutating func readHunk(_ patch: inout FilePatch) throws(PatchError) {
        let head = lines[index]
        guard var (old, new) = Self.counts(head) else { throw .malformed(line: String(head)) }
        patch.hunks.append(String(head))
        index += 1
        while old > 0 || new > 0 {
            guard let line = current else { throw .malformed(line: String(head)) }
            switch line.first {
            case " ", nil:
                old -= 1
                new -= 1
            case "-": old -= 1
            case "+": new -= 1
            case "\\": break
            default: throw .malformed(line: String(line))
            }
            patch.hunks.append(line.isEmpty ? " " : String(line))
            index += 1
        }
        guard old == 0, new == 0 else { throw .malformed(line: String(head)) }
        if let line = current, line.hasPrefix("\\") {
            patch.hunks.append(String(line))
            index += 1
        }
    }

    /// "@@ -1,2 +3 @@": how many lines of the old file and of the new one follow.
    private static func counts(_ line: Substring) -> (Int, Int)? {
        let words = line.split(separator: " ")
        guard words.count >= 4, words[0] == "@@", words[3] == "@@" else { return nil }
        func count(_ word: Substring, _ sign: Character) -> Int? {
            guard word.first == sign else { return nil }
            let parts = word.dropFirst().split(separator: ",")
            guard parts.count <= 2, parts.allSatisfy({ Int($0) != nil }) else { return nil }
            return parts.count == 2 ? Int(parts[1]) : parts.isEmpty ? nil : 1
        }
        guard let old = count(words[1], "-"), let new = count(words[2], "+") else { return nil }
        return (old, new)
    }
}

extension PatchReader {
    /// The two paths of a "diff --git" line. Unquoted ones may hold blanks: then both are the same
    /// but for their prefix, or "rename" lines and "---" lines tell.
    private static func gitPaths(_ line: Substring) throws(PatchError) -> (String?, String?) {
        let rest = line.dropFirst("diff --git ".count)
        if rest.hasPrefix("\"") {
            var reader = QuotedPath(rest)
            guard let old = reader.next(), let new = reader.next() else {
                throw .malformed(line: String(line))
            }
            return (stripped(old, "a/"), stripped(new, "b/"))
        }
        var split = rest.startIndex
        while let blank = rest[split...].firstIndex(of: " ") {
            let old = stripped(String(rest[..<blank]), "a/")
            let new = stripped(String(rest[rest.index(after: blank)...]), "b/")
            if old == new || rest[rest.index(after: blank)...].hasPrefix("b/") { return (old, new) }
            split = rest.index(after: blank)
        }
        throw .malformed(line: String(line))
    }

    /// The path of a "---" or "+++" line, behind which `diff -u` puts a tab and the time.
    private static func path(_ text: Substring, prefix: String) throws(PatchError) -> String? {
        if text.hasPrefix("\"") {
            var reader = QuotedPath(text)
            guard let path = reader.next() else { throw .malformed(line: String(text)) }
            return stripped(path, prefix)
        }
        let path = String(text.prefix { $0 != "\t" })
        return path == "/dev/null" ? nil : stripped(path, prefix)
    }

    private static func stripped(_ path: String, _ prefix: String) -> String {
        path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
    }
}

/// Reads words of which some are quoted as in C, as git writes unusual paths.
private struct QuotedPath {
    private var rest: Substring

    init(_ text: Substring) { rest = text }

    mutating func next() -> String? {
        rest = rest.drop { $0 == " " }
        guard rest.first == "\"" else {
            let word = rest.prefix { $0 != " " }
            rest = rest[word.endIndex...]
            return word.isEmpty ? nil : String(word)
        }
        var bytes: [UInt8] = []
        var input = Array(rest.dropFirst().utf8)[...]
        while let byte = input.popFirst() {
            if byte == UInt8(ascii: "\"") {
                rest = Substring(String(decoding: input, as: UTF8.self))
                return String(decoding: bytes, as: UTF8.self)
            }
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            guard let escaped = Self.escape(&input) else { return nil }
            bytes.append(escaped)
        }
        return nil
    }

    private static func escape(_ input: inout ArraySlice<UInt8>) -> UInt8? {
        guard let letter = input.first else { return nil }
        if (UInt8(ascii: "0")...UInt8(ascii: "3")).contains(letter), input.count >= 3 {
            let digits = String(decoding: input.prefix(3), as: UTF8.self)
            input = input.dropFirst(3)
            return UInt8(digits, radix: 8)
        }
        input = input.dropFirst()
        let letters: [Character: UInt8] = [
            "n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "f": 12, "v": 11, "\"": 34, "\\": 92,
        ]
        return letters[Character(UnicodeScalar(letter))]
    }
}
