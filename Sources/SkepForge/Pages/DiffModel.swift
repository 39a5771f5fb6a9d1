extension Diff {
    /// Lines of a page's difference; what is more is left to the text.
    static let shownLines = 4000

    /// The model of the template "diff".
    func model(textURL: String) -> PageRenderer.Model {
        var left = Self.shownLines
        var isCut = false
        let shown = files.map { file -> PageRenderer.Model in
            var lines: [PageRenderer.Model] = []
            for hunk in file.hunks {
                guard left > 0 else {
                    isCut = true
                    break
                }
                lines.append([
                    "kind": "hunkhead", "old": "", "new": "", "sign": "", "text": hunk.header,
                ])
                if hunk.lines.count > left { isCut = true }
                lines += hunk.lines.prefix(left).map(\.model)
                left -= min(left, hunk.lines.count)
            }
            let all = file.hunks.flatMap(\.lines)
            var model: PageRenderer.Model = [
                "path": file.path, "isBinary": file.isBinary, "notes": file.notes, "lines": lines,
                "hasLines": !lines.isEmpty,
                "additions": all.count { $0.kind == .added },
                "deletions": all.count { $0.kind == .removed },
            ]
            if file.oldPath != file.path, file.oldPath != "/dev/null" {
                model["wasPath"] = file.oldPath
            }
            return model
        }
        return ["files": shown, "isCut": isCut, "textURL": textURL]
    }
}

extension Diff.Line {
    fileprivate var model: PageRenderer.Model {
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
