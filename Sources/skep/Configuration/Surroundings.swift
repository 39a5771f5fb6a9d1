#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the program finds around it. Read once at the start, so that tests can say what there is.
struct Surroundings: Sendable {
    var environment: [String: String]
    /// The folder the program was started in.
    var workingFolder: String
    var homeFolder: String
    /// The effective user; 0 is root.
    var userID: UInt32

    static func current() -> Surroundings {
        let environment = ProcessInfo.processInfo.environment
        return Surroundings(
            environment: environment, workingFolder: FileManager.default.currentDirectoryPath,
            homeFolder: environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
                ?? SystemUser.with(geteuid())?.home ?? "/",
            userID: geteuid())
    }

    var isRoot: Bool { userID == 0 }

    /// `$XDG_CONFIG_HOME/skep`.
    var userConfigurationFolder: String {
        (absolute("XDG_CONFIG_HOME") ?? homeFolder + "/.config") + "/skep"
    }

    /// `$XDG_STATE_HOME/skep`, or `/var/lib/skep` as root: agents run as another user there, and
    /// that user can't reach root's home.
    var standardStateFolder: String {
        if let folder = absolute("XDG_STATE_HOME") { return folder + "/skep" }
        return isRoot ? "/var/lib/skep" : homeFolder + "/.local/state/skep"
    }

    /// A path as seen from a folder, with "~/" meaning the home folder.
    func path(_ path: String, in folder: String) -> String {
        if path == "~" { return homeFolder }
        if path.hasPrefix("~/") { return Self.normal(homeFolder + path.dropFirst(1)) }
        if path.hasPrefix("/") { return Self.normal(path) }
        return Self.normal(folder + "/" + path)
    }

    /// How a path is shown: from the working folder where it lies below it.
    func shown(_ path: String) -> String {
        let prefix = workingFolder == "/" ? "/" : workingFolder + "/"
        return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
    }

    /// The variable's value if it is an absolute path; the XDG specification says to ignore others
    /// (https://specifications.freedesktop.org/basedir-spec/latest/#variables).
    private func absolute(_ variable: String) -> String? {
        environment[variable].flatMap { $0.hasPrefix("/") ? Self.normal($0) : nil }
    }

    /// Takes out ".", ".." and double slashes, without looking at links.
    private static func normal(_ path: some StringProtocol) -> String {
        var parts: [Substring] = []
        for part in String(path).split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
