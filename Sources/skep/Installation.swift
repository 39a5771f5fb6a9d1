import SkepAgents
import SkepCore
import SkepEngine
import SkepQueueSQLite
import Subprocess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What `skep init` makes. Nothing that is there is changed.
struct Installation {
    /// One thing that was wanted.
    struct Item: Sendable, Hashable {
        /// "file", "folder", "user" or "label".
        let kind: String
        let name: String
        /// Whether it was made now.
        let isNew: Bool

        func sentence(isDryRun: Bool) -> String {
            let what = kind == "file" || kind == "folder" ? name : "\(kind) \(name)"
            guard isNew else { return "kept      \(what)" }
            return (isDryRun ? "would make " : "made      ") + what
        }

        var json: JSON {
            .object(["kind": .text(kind), "name": .text(name), "is_new": .boolean(isNew)])
        }
    }

    let layers: ConfigurationLayers
    let stateFolder: StateFolder
    let isDryRun: Bool
    private(set) var done: [Item] = []
    /// What is written but not read, and what it is for.
    private(set) var remarks: [String] = []

    private var surroundings: Surroundings { layers.surroundings }

    init(layers: ConfigurationLayers, stateFolder: StateFolder, isDryRun: Bool) {
        self.layers = layers
        self.stateFolder = stateFolder
        self.isDryRun = isDryRun
    }

    mutating func writeFiles() throws {
        try writeFile(
            layers.mainFile,
            ConfigurationTemplate.text(
                stateFolder: stateFolder.path,
                isStandard: stateFolder.path == surroundings.standardStateFolder))
        let folder = layers.folder(of: SettingsLocation(source: layers.mainFile))
        for name in ["agents", "workflows"] {
            let path = "\(folder)/\(name)"
            // A folder that is there says which agents there are: none come back by themselves.
            let isThere = exists(path)
            note("folder", surroundings.shown(path) + "/", isNew: !isThere)
            guard !isThere, !isDryRun else { continue }
            for file in EmbeddedDefaults.files(in: name) {
                try write("\(path)/\(file.name)", file.text)
            }
            for example in EmbeddedDefaults.examples(in: name) {
                let file = "\(path)/\(example.file.name).example"
                try write(file, example.file.text)
                remarks.append(
                    "\(surroundings.shown(file)) isn't read as it is: \(example.purpose) Take "
                        + "\".example\" off its name to have it.")
            }
        }
    }

    mutating func makeState() async throws {
        let state = stateFolder
        let isThere = state.hasDatabase
        note("folder", state.path + "/", isNew: !isThere)
        guard !isDryRun else { return }
        try state.create(isRoot: surroundings.isRoot)
        let queue = try await state.openQueue()
        await queue.close()
    }

    /// As root: the user agents run as.
    mutating func makeUser() async throws {
        guard surroundings.isRoot else { return }
        let mistakes = SettingsMistakes()
        let tree = layers.merged(into: mistakes)
        let name = Configuration(tree, of: layers, into: mistakes).agentUser
        do {
            _ = try AgentUser(named: name)
            note("user", name, isNew: false)
        } catch {
            note("user", name, isNew: true)
            if !isDryRun { try await Self.addUser(name) }
        }
    }

    private static func addUser(_ name: String) async throws {
        let advice = "Make the user by hand, or set agents.user to one that is there."
        let complaint: String?
        do {
            let result = try await Subprocess.run(
                .name("useradd"),
                arguments: ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name],
                output: .discarded, error: .string(limit: 4096))
            complaint = result.terminationStatus.isSuccess ? nil : result.standardError
        } catch {
            complaint = "The program \"useradd\" can't be started."
        }
        guard let complaint else { return }
        throw ProgramError(
            .configuration, "Can't make the user \"\(name)\" for agents.", why: complaint,
            advice: advice)
    }

    mutating func makeLabels(
        _ agents: [AgentDefinition], in repository: RepositoryName, _ tracker: any Tracker
    ) async throws {
        let known = Set(try await tracker.labels(in: repository).map(\.name))
        let wanted =
            agents.map { agent in
                NewLabel(
                    name: Coordinator.agentLabelPrefix + agent.name.rawValue, color: "5319e7",
                    description: "Asks \(agent.name) to work on this")
            } + [
                NewLabel(
                    name: Coordinator.holdLabel, color: "b60205", description: "Keeps agents away"),
                NewLabel(
                    name: Retirer.keepLabel, color: "0e8a16",
                    description: "Keeps this from being retired"),
            ]
        for label in wanted {
            note("label", "\(label.name) in \(repository)", isNew: !known.contains(label.name))
            if !known.contains(label.name), !isDryRun {
                try await tracker.createLabel(label, in: repository)
            }
        }
    }

    // Files

    private mutating func writeFile(_ path: String, _ text: String) throws {
        let isThere = exists(path)
        note("file", surroundings.shown(path), isNew: !isThere)
        if !isThere, !isDryRun { try write(path, text) }
    }

    private mutating func note(_ kind: String, _ name: String, isNew: Bool) {
        done.append(Item(kind: kind, name: name, isNew: isNew))
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    private func write(_ path: String, _ text: String) throws {
        let folder = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        do {
            try FileManager.default.createDirectory(
                atPath: String(folder), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: path), options: .withoutOverwriting)
        } catch {
            throw ProgramError(
                .refused, "Can't write \"\(surroundings.shown(path))\".",
                why: StateFolder.reason(of: error) + ".",
                advice: "Go to a folder you may write to, or name the file with --config.")
        }
    }
}
