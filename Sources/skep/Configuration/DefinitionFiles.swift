import SkepCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A Markdown file that defines an agent or a workflow.
struct DefinitionFile: Sendable, Hashable {
    /// As it is shown and as mistakes name it.
    let source: String
    let text: String
}

/// Finds the files of agents or of workflows. The first of these that exists holds all of them: the
/// folder that the configuration names, the one beside `skep.yaml`, the one in
/// `$XDG_CONFIG_HOME/skep`, what is built in.
struct DefinitionFolder: Sendable {
    /// "agents" or "workflows".
    let name: String
    /// The folder; `nil`: built in.
    let path: String?
    private let shownPath: String

    init(
        _ name: String, named: String?, layers: ConfigurationLayers, mistakes: SettingsMistakes
    ) {
        self.name = name
        let surroundings = layers.surroundings
        if let named, !Self.isFolder(named) {
            mistakes.add(
                "there is no folder \"\(surroundings.shown(named))\"",
                at: SettingsLocation(source: "\(name).folder"))
        }
        var candidates: [String] = []
        if FileManager.default.fileExists(atPath: layers.mainFile) {
            candidates.append(
                layers.folder(of: SettingsLocation(source: layers.mainFile)) + "/" + name)
        }
        candidates.append(surroundings.userConfigurationFolder + "/" + name)
        path = named ?? candidates.first(where: Self.isFolder)
        shownPath = path.map(surroundings.shown) ?? "built in"
    }

    /// For people: the folder, or "built in".
    var description: String { shownPath }

    func files(into mistakes: SettingsMistakes) -> [DefinitionFile] {
        guard let path else {
            return EmbeddedDefaults.files(in: name).map { file in
                DefinitionFile(source: "built in \(name)/\(file.name)", text: file.text)
            }
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter(Self.isDefinition).sorted().compactMap { file in
            let source = "\(shownPath)/\(file)"
            return TextFile.read("\(path)/\(file)", source: source, into: mistakes)
                .map { DefinitionFile(source: source, text: $0) }
        }
    }

    /// Markdown, but for what people put into every folder.
    static func isDefinition(_ name: String) -> Bool {
        name.hasSuffix(".md") && !name.hasPrefix(".") && name != "README.md"
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: Bool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder
    }
}
