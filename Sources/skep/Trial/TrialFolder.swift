import SkepAgents
import SkepCore
import SkepQueue

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

/// A temporary folder in which an agent is tried: a repository to work in, and where its sessions
/// are kept.
struct TrialFolder: Sendable {
    let path: String
    let house: AgentHouse

    var repository: String { path + "/work" }
    var home: String { path + "/home" }
    var output: String { path + "/output" }
    /// Anybody may write here, so only a sandbox keeps an agent out.
    var outside: String { path + "/outside" }
    static func sessions(in path: String) -> String { path + "/sessions" }

    /// Makes a new one, where the agents' user can get to as well.
    static func make() throws -> String {
        var template = Array("/var/tmp/skep-agent-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ProgramError(
                .unavailable, "Can't make a folder in /var/tmp.",
                why: StateFolder.reason(errno) + ".")
        }
        return template.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { String(cString: $0) } ?? ""
        }
    }

    /// - Parameters:
    ///   - path: From `make`.
    ///   - house: Says who agents run as.
    init(_ path: String, of house: AgentHouse) throws {
        self.path = path
        self.house = house
        chmod(path, house.user == nil ? 0o700 : 0o711)
        try folder(TrialFolder.sessions(in: path), mode: 0o711, isAgents: false)
        try folder(repository, mode: 0o700)
        try folder(home, mode: 0o700)
        try folder(output, mode: 0o700)
        try folder(outside, mode: 0o777)
    }

    private func folder(_ path: String, mode: mode_t, isAgents: Bool = true) throws {
        guard mkdir(path, mode) == 0, chmod(path, mode) == 0 else {
            throw ProgramError(
                .unavailable, "Can't make the folder \"\(path)\".",
                why: StateFolder.reason(errno) + ".")
        }
        if let user = house.user, isAgents { chown(path, user.uid, user.gid) }
    }

    /// What stands in a file of the repository; `nil` when there is none.
    func text(of file: String) -> String? {
        FileManager.default.contents(atPath: repository + "/" + file)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
