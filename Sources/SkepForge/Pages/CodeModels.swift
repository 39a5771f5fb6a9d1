extension CodeSpot {
    typealias Model = PageRenderer.Model

    func address(_ path: String, _ models: PageModels, word: String = "src") -> String {
        PageAddress.code(kind, revision, path: path, base: models.base, word: word)
    }

    /// Links in a Markdown file lead to its neighbours.
    ///
    /// - Parameter folder: Where the file is.
    func context(_ models: PageModels, folder: String) -> Markdown.Context {
        Markdown.Context(
            repository: models.base, root: address("", models), folder: folder)
    }

    /// What stands above a folder or a file.
    func model(_ models: PageModels, branches: [String]) -> Model {
        let parts = path.split(separator: "/").map(String.init)
        var model: Model = [
            "revision": kind == "commit" ? String(revision.prefix(10)) : revision,
            "isBranch": kind == "branch", "rootURL": address("", models),
            "commitsURL": kind == "branch"
                ? PageAddress.commits(revision, base: models.base) : "",
            "rootName": repository.name, "hasPath": !parts.isEmpty,
            "steps": parts.indices.map { index -> Model in
                [
                    "step": parts[index], "isLast": index == parts.count - 1,
                    "stepURL": address(parts[...index].joined(separator: "/"), models),
                ]
            },
            "branches": branches.map { name -> Model in
                [
                    "branchName": name, "isHere": kind == "branch" && name == revision,
                    "branchURL": PageAddress.code("branch", name, path: path, base: models.base),
                ]
            },
        ]
        if kind == "branch" {
            model["fixedURL"] = PageAddress.code("commit", commit, path: path, base: models.base)
        }
        return model.withoutEmptyTexts
    }

    func folder(_ entries: [GitEntry], _ models: PageModels) -> Model {
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        var model: Model = [
            "isFolder": true, "hasEntries": !entries.isEmpty,
            "entries": entries.map { entry -> Model in
                let place = path.isEmpty ? entry.path : "\(path)/\(entry.path)"
                let model: Model = [
                    "entryName": entry.path, "isSubfolder": entry.kind == .folder,
                    "entryURL": entry.kind == .module ? "" : address(place, models),
                    "size": entry.kind == .file ? Self.size(entry.size) : "",
                    "entryNote": entry.kind == .link
                        ? "link" : entry.kind == .module ? "submodule" : "",
                ]
                return model.withoutEmptyTexts
            },
        ]
        if !path.isEmpty { model["parentURL"] = address(parent, models) }
        return model
    }

    /// - Parameter isSource: Whether Markdown is shown as it's written.
    func file(_ size: Int, _ bytes: [UInt8]?, _ models: PageModels, isSource: Bool) -> Model {
        var model: Model = [
            "isFile": true, "sizeText": Self.size(size),
            "rawURL": address(path, models, word: "raw"),
        ]
        guard let bytes else {
            model["fileNote"] = "The file is too large to be shown."
            return model
        }
        if let type = Image.type(bytes) {
            model["image"] = "data:\(type);base64,\(Image.base64(bytes))"
            model["imageName"] = path
            return model
        }
        guard let text = FileText(bytes) else {
            model["fileNote"] = "A binary file. “As it is” gives its bytes."
            return model
        }
        let isMarkdown = [".md", ".markdown"].contains { path.lowercased().hasSuffix($0) }
        if isMarkdown {
            model[isSource ? "renderedURL" : "sourceURL"] = isSource ? "?" : "?view=source"
        }
        if isMarkdown, !isSource {
            let folder = path.split(separator: "/").dropLast().joined(separator: "/")
            model["rendered"] = Markdown.html(text.text, in: context(models, folder: folder))
            return model
        }
        let lines = text.lines
        model["lineCount"] = ForgePages.count(lines.count, "line")
        model["hasLines"] = !lines.isEmpty
        model["isBlank"] = lines.isEmpty
        model["lines"] = lines.prefix(FileText.shownLines).enumerated().map {
            ["lineNumber": $0.offset + 1, "lineText": $0.element]
        }
        if lines.count > FileText.shownLines {
            model["fileNote"] = "The first \(FileText.shownLines) lines are shown."
        }
        return model
    }

    /// "812 B", "3.4 KB".
    static func size(_ bytes: Int) -> String {
        guard bytes >= 1024 else { return "\(bytes) B" }
        let (number, unit) =
            bytes < 1 << 20
            ? (Double(bytes) / 1024, "KB") : (Double(bytes) / Double(1 << 20), "MB")
        let tenths = Int((number * 10).rounded())
        return number < 10 ? "\(tenths / 10).\(tenths % 10) \(unit)" : "\(tenths / 10) \(unit)"
    }
}
