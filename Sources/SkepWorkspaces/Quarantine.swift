import SkepGit

/// A copy of an island's objects, out of the agent's reach, to import from.
///
/// Only ordinary files that are named as git names objects are copied; links, and the island's
/// alternates, lead nowhere. Each object is checked against its name when it is read.
struct Quarantine {
    /// The most that is copied from one island. 2 GiB.
    private static let maxBytes = 2 << 30

    private let slot: Folder
    let objectsPath: String

    /// Copies the objects of the island in `tree` into the slot's folder `incoming`.
    init(of tree: Folder, in slot: Slot) throws {
        self.slot = slot.folder
        objectsPath = slot.path + "/incoming/objects"
        try slot.folder.remove("incoming")
        let target = try slot.folder.makeFolder("incoming", mode: 0o700).makeFolder("objects")
        var left = Self.maxBytes
        guard tree.status(".git")?.kind == .folder, let git = try? tree.folder(".git"),
            let source = try? git.folder("objects")
        else { return }
        for name in (try? source.names().names) ?? [] {
            let isFan = name.utf8.count == 2 && name.allSatisfy(\.isHexDigit)
            guard isFan || name == "pack", let from = try? source.folder(name) else { continue }
            try Self.copy(
                from, to: target.makeFolder(name), isFan ? Self.isLoose : Self.isPack, &left)
        }
    }

    func remove() { try? slot.remove("incoming") }

    private static func isLoose(_ name: String) -> Bool {
        name.utf8.count == 38 && name.allSatisfy(\.isHexDigit)
    }

    private static func isPack(_ name: String) -> Bool {
        name.hasPrefix("pack-") && (name.hasSuffix(".pack") || name.hasSuffix(".idx"))
    }

    private static func copy(
        _ source: Folder, to target: Folder, _ isWanted: (String) -> Bool, _ left: inout Int
    ) throws {
        for name in (try? source.names().names) ?? [] where isWanted(name) {
            // What can't be read is missed later, if it was needed.
            guard let bytes = try? source.read(name, atMost: left) else { continue }
            left -= bytes.count
            try target.write(name, bytes, mode: 0o600)
        }
    }
}
