public import SkepCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension LocalWorkspaces {
    public func fullDisk() -> FullDisk? { Self.fullDisk(of: stateFolder) }

    /// The disk of a state folder, where that is full. Folders in it that are moved to a disk of their
    /// own are links.
    public static func fullDisk(of stateFolder: String) -> FullDisk? {
        for folder in ["", "/sessions", "/mirrors", "/workspaces"] {
            var status = statvfs()
            // What isn't there yet is made in the state folder; a disk that can't be asked isn't full.
            guard statvfs(stateFolder + folder, &status) == 0 else { continue }
            let free = UInt64(status.f_bavail).multipliedReportingOverflow(
                by: UInt64(status.f_frsize))
            let bytes = free.overflow ? Int64.max : Int64(clamping: free.partialValue)
            if let full = FullDisk(path: stateFolder + folder, freeBytes: bytes) { return full }
        }
        return nil
    }
}
