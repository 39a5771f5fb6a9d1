extension Diff {
    /// Lines of a page's difference; what is more is left to the text.
    static let shownLines = 4000
    /// Lines above which a file begins folded.
    private static let foldedLines = 600

    /// The model of the template "diff".
    func model(textURL: String, notes: LineNotes? = nil) -> PageRenderer.Model {
        var left = Self.shownLines
        var isCut = false
        let shown = files.enumerated().map { index, file -> PageRenderer.Model in
            var lines: [PageRenderer.Model] = []
            for hunk in file.hunks {
                guard left > 0 else {
                    isCut = true
                    break
                }
                lines.append(hunk.headModel)
                if hunk.lines.count > left { isCut = true }
                lines += hunk.lines.prefix(left).map { line in
                    let said = notes?.of(file, line) ?? []
                    return said.isEmpty
                        ? line.model : line.model.adding(["isNoted": true, "said": said])
                }
                left -= min(left, hunk.lines.count)
            }
            let all = file.hunks.flatMap(\.lines)
            var model: PageRenderer.Model = [
                "path": file.path, "isBinary": file.isBinary, "notes": file.shownNotes,
                "lines": lines,
                "hasLines": !lines.isEmpty, "fileAnchor": "file-\(index + 1)",
                "isOpenFile": lines.count <= Self.foldedLines,
                "added": all.count { $0.kind == .added },
                "removed": all.count { $0.kind == .removed },
                "change": file.change, "isTagged": file.change != "changed",
            ]
            if file.oldPath != file.path, file.oldPath != "/dev/null" {
                model["wasPath"] = file.oldPath
            }
            return model
        }
        return [
            "files": shown, "hasFiles": !shown.isEmpty, "isCut": isCut, "textURL": textURL,
            "hasFileList": shown.count > 1,
        ]
    }

    /// The lines of a review comment's hunk, which ends with the line that is meant.
    ///
    /// Its beginning may be cut off, so lines are numbered from the end, on the side of the comment.
    static func snippet(_ hunk: String, oldLine: Int, newLine: Int) -> [PageRenderer.Model] {
        guard !hunk.isEmpty else { return [] }
        let isNew = newLine > 0
        var number = isNew ? newLine : oldLine
        var models: [PageRenderer.Model] = []
        for line in hunk.split(separator: "\n", omittingEmptySubsequences: false).reversed()
        where !line.hasPrefix("@@ ") {
            let (kind, sign) =
                switch line.first {
                case "+": ("added", "+")
                case "-": ("removed", "-")
                case "\\": ("note", "")
                default: ("context", "")
                }
            let counts = kind == "context" || kind == (isNew ? "added" : "removed")
            models.append([
                "kind": kind, "sign": sign, "text": String(line.dropFirst()),
                "line": counts && number > 0 ? String(number) : "",
            ])
            if counts { number -= 1 }
        }
        return models.reversed()
    }
}

extension Diff.File {
    /// What isn't told by the names and the tag already, such as a change of mode.
    fileprivate var shownNotes: [String] {
        let told = ["similarity ", "rename ", "new file ", "deleted file ", "copy "]
        return notes.filter { note in !told.contains { note.hasPrefix($0) } }
    }

    /// What became of the file, in a word.
    fileprivate var change: String {
        if oldPath == "/dev/null" || notes.contains(where: { $0.hasPrefix("new file") }) {
            return "added"
        }
        if newPath == "/dev/null" || notes.contains(where: { $0.hasPrefix("deleted file") }) {
            return "deleted"
        }
        return oldPath == newPath ? "changed" : "renamed"
    }
}

extension Diff.Hunk {
    fileprivate var headModel: PageRenderer.Model {
        ["kind": "hunkhead", "old": "", "new": "", "sign": "", "text": header]
    }
}

extension Diff.Line {
    var model: PageRenderer.Model {
        let (name, sign) =
            switch kind {
            case .added: ("added", "+")
            case .removed: ("removed", "-")
            case .context: ("context", "")
            case .note: ("note", "")
            }
        return [
            "kind": name, "sign": sign, "text": text, "old": oldNumber.map(String.init) ?? "",
            "new": newNumber.map(String.init) ?? "",
        ]
    }
}
