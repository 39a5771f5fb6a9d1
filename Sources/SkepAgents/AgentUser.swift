import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The user that agents and commands run as, when it isn't Skep's own.
public struct AgentUser: Sendable, Hashable {
    public let name: String
    public let uid: UInt32
    public let gid: UInt32
    /// Where its logins are.
    public let home: String

    public init(name: String, uid: UInt32, gid: UInt32, home: String) {
        self.name = name
        self.uid = uid
        self.gid = gid
        self.home = home
    }

    /// Looks a user up by name.
    public init(named name: String) throws(AgentsError) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
            throw .noSuchUser(name)
        }
        let home = entry.pw_dir.map { String(cString: $0) } ?? "/"
        self.init(name: name, uid: entry.pw_uid, gid: entry.pw_gid, home: home)
    }

    var launchUser: LaunchRequest.User { LaunchRequest.User(uid: uid, gid: gid) }
}
