import SkepAgents
import SkepCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Who plays the agents: as root another user, who needs programs that it can get to.
struct DemoCast {
    /// This program, or its copy in the demo's folder.
    let program: SelfProgram
    /// `nil`: the person's own.
    let user: AgentUser?

    /// Makes the user where it's missing, and says so.
    init(_ layers: ConfigurationLayers, _ folder: DemoFolder, _ console: Console) async throws {
        let own = SelfProgram.current()
        guard layers.surroundings.isRoot else {
            program = own
            user = nil
            return
        }
        var installation = Installation(
            layers: layers, stateFolder: folder.state, isDryRun: false)
        try await installation.makeUser()
        let user = try AgentUser(named: Configuration.standardAgentUser)
        let isNew = installation.done.contains(where: \.isNew)
        console.say(
            "Since this is root, agents run as the user \"\(user.name)\""
                + (isNew ? ", which was made now (useradd).\n" : ".\n"))
        let reach = Reach(userID: user.uid, groupID: user.gid)
        try Self.check(reach, folder)
        program = reach.obstacle(to: own.path) == nil ? own : try Self.copy(own, to: folder)
        self.user = user
    }

    private static func check(_ reach: Reach, _ folder: DemoFolder) throws {
        if let obstacle = reach.obstacle(to: folder.path) {
            throw ProgramError(
                .configuration, "The agents' user can't get to \"\(folder.path)\".",
                why: "\"\(obstacle)\" is closed to others.",
                advice:
                    "Leave --folder out, or name a folder below one that is open, such as /var/tmp."
            )
        }
        for library in loadedLibraries() {
            let place = String(library[..<(library.lastIndex(of: "/") ?? library.startIndex)])
            guard let obstacle = reach.obstacle(to: place) else { continue }
            throw ProgramError(
                .configuration, "The agents' user can't start Skep's programs.",
                why: "They need \"\(library)\", and \"\(obstacle)\" is closed to others.",
                advice: "Run the demo as an ordinary user, or move Swift to where all can read it.")
        }
    }

    /// The libraries that this process has loaded, as the kernel lists them; none elsewhere than on
    /// Linux.
    private static func loadedLibraries() -> [String] {
        guard let maps = FileManager.default.contents(atPath: "/proc/self/maps") else { return [] }
        let paths = String(decoding: maps, as: UTF8.self).split(separator: "\n")
            .compactMap { line in line.firstIndex(of: "/").map { String(line[$0...]) } }
            .filter { $0.contains(".so") }
        return Set(paths).sorted()
    }

    /// Copies the two programs to where the agents' user gets: `patch` is this program itself, which
    /// may have been built in root's home.
    private static func copy(_ own: SelfProgram, to folder: DemoFolder) throws -> SelfProgram {
        let copy = SelfProgram(path: folder.path + "/bin/skep")
        do {
            try FileManager.default.createDirectory(
                atPath: copy.folder, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: own.path, toPath: copy.path)
            try FileManager.default.copyItem(atPath: own.sessionHost, toPath: copy.sessionHost)
        } catch {
            throw ProgramError(
                .unavailable, "Can't copy Skep's programs to \"\(copy.folder)\".", why: "\(error)")
        }
        return copy
    }
}
