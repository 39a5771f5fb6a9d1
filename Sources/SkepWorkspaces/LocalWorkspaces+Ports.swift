public import SkepCore
import SkepGit
import SkepQueue

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension LocalWorkspaces {
    /// Below what Linux gives to outgoing connections (32768 to 60999), above most services.
    private static let portRange = 20_000..<32_000

    /// A port that is taken is a file in `ports/`, named by it, with the run's number in it.
    public func ports(_ count: Int, for run: RunID) async throws -> [Int] {
        guard count > 0 else { return [] }
        let folder = try Folder(stateFolder).makeFolder("ports", mode: 0o700)
        let lock = try await FileLock.wait(folder.path + "/lock", clock: clock)
        defer { withExtendedLifetime(lock) {} }
        let taken = try portOwners(in: folder)
        var own = taken.filter { $0.value == run }.map(\.key).sorted()
        for port in Self.portRange where own.count < count && taken[port] == nil {
            guard Self.isFree(port) else { continue }
            try folder.replace(String(port), Array("\(run)".utf8))
            own.append(port)
        }
        guard own.count >= count else {
            throw WorkspaceError.noPorts(run, wanted: count)
        }
        return Array(own.prefix(count))
    }

    func releasePorts(of run: RunID) async throws {
        guard let folder = try? Folder(stateFolder).folder("ports") else { return }
        let lock = try await FileLock.wait(folder.path + "/lock", clock: clock)
        defer { withExtendedLifetime(lock) {} }
        for (port, owner) in try portOwners(in: folder) where owner == run {
            try folder.remove(String(port))
        }
    }

    private func portOwners(in folder: Folder) throws -> [Int: RunID] {
        var owners: [Int: RunID] = [:]
        for name in try folder.names().names {
            guard let port = Int(name), let bytes = try? folder.read(name, atMost: 64) else {
                continue
            }
            // One that was written halfway is nobody's.
            owners[port] = RunID(String(decoding: bytes, as: UTF8.self))
        }
        return owners
    }

    /// Whether nobody listens there at this moment.
    private static func isFree(_ port: Int) -> Bool {
        #if canImport(Glibc)
            let stream = Int32(SOCK_STREAM.rawValue)
        #else
            let stream = SOCK_STREAM
        #endif
        let socket = socket(AF_INET, stream, 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
