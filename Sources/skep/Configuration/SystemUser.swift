#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A user of this machine, as the user database knows it.
struct SystemUser: Sendable, Hashable {
    let name: String
    let userID: UInt32
    let groupID: UInt32
    let home: String

    /// Looks a user up by name.
    static func named(_ name: String) -> SystemUser? {
        find { getpwnam_r(name, $0, $1, $2, $3) }
    }

    static func with(_ userID: UInt32) -> SystemUser? {
        find { getpwuid_r(userID, $0, $1, $2, $3) }
    }

    private typealias Lookup = (
        UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
        UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> Int32

    private static func find(_ lookup: Lookup) -> SystemUser? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16384) { buffer in
            guard let start = buffer.baseAddress,
                lookup(&entry, start, buffer.count, &found) == 0, found != nil
            else { return nil }
            return SystemUser(
                name: String(cString: entry.pw_name), userID: entry.pw_uid,
                groupID: entry.pw_gid, home: String(cString: entry.pw_dir))
        }
    }
}
