/// A unified diff in the form that libgit2 reads.
///
/// libgit2 1.5 takes only files that begin with "diff --git a/x b/x". Programs and models also
/// write the older form, "--- a/x" and "+++ b/x" alone, with or without the "a/" and a time.
struct GitPatchText {
    private var output: [Substring] = []
    /// Lines of the current hunk that are still to come. Within a hunk "--- x" is a removed line.
    private var oldLeft = 0
    private var newLeft = 0
    private var hasHeader = false
    /// The "+++" line that belongs to a header we wrote.
    private var pendingNew: Substring?

    static func normalized(_ text: String) -> String {
        var patch = GitPatchText()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (position, line) in lines.enumerated() {
            patch.add(line, next: position + 1 < lines.count ? lines[position + 1] : "")
        }
        return patch.output.joined(separator: "\n")
    }

    private mutating func add(_ line: Substring, next: Substring) {
        if oldLeft > 0 || newLeft > 0 {
            consume(line)
        } else if line.hasPrefix("diff --git ") {
            hasHeader = true
        } else if line.hasPrefix("--- "), next.hasPrefix("+++ "), !hasHeader {
            addHeader(old: Self.path(line), new: Self.path(next))
            return
        } else if line.hasPrefix("+++ "), let header = pendingNew {
            output.append(header)
            pendingNew = nil
            return
        } else if line.hasPrefix("@@ ") {
            beginHunk(line)
            hasHeader = false
        }
        output.append(line)
    }

    private mutating func consume(_ line: Substring) {
        switch line.first {
        case "+": newLeft -= 1
        case "-": oldLeft -= 1
        case "\\": break
        default:
            oldLeft -= 1
            newLeft -= 1
        }
    }

    private mutating func addHeader(old: Substring?, new: Substring?) {
        guard let name = new ?? old else { return }
        output.append("diff --git a/\(old ?? name) b/\(name)")
        if old == nil { output.append("new file mode 100644") }
        if new == nil { output.append("deleted file mode 100644") }
        output.append(old.map { "--- a/\($0)" } ?? "--- /dev/null")
        pendingNew = new.map { "+++ b/\($0)" } ?? "+++ /dev/null"
    }

    /// "@@ -1,3 +1,4 @@"; a length that isn't there is 1.
    private mutating func beginHunk(_ line: Substring) {
        let ranges = line.split(separator: " ").dropFirst().prefix(2).map { range in
            let parts = range.dropFirst().split(separator: ",")
            return parts.count > 1 ? Int(parts[1]) ?? 0 : 1
        }
        guard ranges.count == 2 else { return }
        (oldLeft, newLeft) = (ranges[0], ranges[1])
    }

    /// The path of "--- a/x<tab>time"; `nil` for "/dev/null".
    private static func path(_ line: Substring) -> Substring? {
        let name = line.dropFirst(4).prefix { $0 != "\t" && $0 != "\r" }
        if name == "/dev/null" { return nil }
        return name.hasPrefix("a/") || name.hasPrefix("b/") ? name.dropFirst(2) : name
    }
}
