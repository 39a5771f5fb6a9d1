import SkepAgents
import SkepCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What `skep check` wants to know of the machine: the state folder, and programs.
struct Machine {
    private static let scarceBytes: UInt64 = 1 << 30
    private static let tooFewBytes = UInt64(FullDisk.floor)

    private let house: House

    init(_ house: House) { self.house = house }

    var findings: [Diagnosis] {
        [stateFolder, diskSpace, sessionHost, shell, git].compactMap { $0 }
    }

    private var stateFolder: Diagnosis {
        let path = house.state.path
        guard access(path, F_OK) == 0 else {
            let parent = existingParent(of: path)
            return access(parent, W_OK) == 0
                ? Diagnosis(
                    "state folder", .warn, "There is no \(path) yet.",
                    advice: "\"skep init\" makes it, \"skep serve\" too.")
                : Diagnosis(
                    "state folder", .fail, "There is no \(path), and \(parent) isn't writable.",
                    advice: "Set another with --state, or \"state\" in skep.yaml.")
        }
        guard !house.state.isOtherThanFolder else {
            return Diagnosis(
                "state folder", .fail, "\(path) isn't a folder.",
                advice: "Name one with --state, or \"state\" in skep.yaml.")
        }
        guard access(path, W_OK | X_OK) == 0 else {
            return Diagnosis(
                "state folder", .fail, "\(path) isn't writable: \(StateFolder.reason(errno)).",
                advice: StateFolder.otherUserAdvice)
        }
        return Diagnosis("state folder", .ok, path)
    }

    private var diskSpace: Diagnosis? {
        var system = statvfs()
        guard statvfs(existingParent(of: house.state.path), &system) == 0 else { return nil }
        let free = UInt64(system.f_bavail) * UInt64(system.f_frsize)
        let text = "\(TimeText.bytes(Int64(clamping: free))) free for the state folder"
        let advice = "Make room: repositories, workspaces and what agents say are kept there."
        if free < Self.tooFewBytes { return Diagnosis("disk", .fail, text, advice: advice) }
        if free < Self.scarceBytes { return Diagnosis("disk", .warn, text, advice: advice) }
        return Diagnosis("disk", .ok, text)
    }

    private var sessionHost: Diagnosis {
        let path = house.agentHouse.host
        return access(path, X_OK) == 0
            ? Diagnosis("skep-host", .ok, path)
            : Diagnosis(
                "skep-host", .fail, "There is none at \(path).",
                advice: "Install it beside skep: it keeps the agents' sessions.")
    }

    private var shell: Diagnosis {
        access("/bin/sh", X_OK) == 0
            ? Diagnosis("sh", .ok, "/bin/sh")
            : Diagnosis(
                "sh", .fail, "There is no /bin/sh.", advice: "Steps of kind commands need it.")
    }

    private var git: Diagnosis {
        let folders = (house.surroundings.environment["PATH"] ?? "").split(separator: ":")
        let candidates = folders.map { "\($0)/git" }
        let found = candidates.first { (path: String) in access(path, X_OK) == 0 }
        return found.map { Diagnosis("git", .ok, $0) }
            ?? Diagnosis(
                "git", .warn, "There is no git in PATH.",
                advice: "Skep itself does without; agents and \"skep forge\" don't.")
    }

    private func existingParent(of path: String) -> String {
        var path = path
        while access(path, F_OK) != 0, let slash = path.lastIndex(of: "/"), slash > path.startIndex
        {
            path = String(path[..<slash])
        }
        return access(path, F_OK) == 0 ? path : "/"
    }
}
