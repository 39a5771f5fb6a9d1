#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One process and no other: pids are used again, so the kernel's start time and the boot count.
public struct ProcessIdentity: Sendable, Hashable {
    public let pid: Int32
    /// Linux: clock ticks since the boot. macOS: microseconds since 1970.
    public let startTime: UInt64
    /// Which run of the kernel; empty where the start time says it by itself.
    public let boot: String

    public init(pid: Int32, startTime: UInt64, boot: String) {
        self.pid = pid
        self.startTime = startTime
        self.boot = boot
    }

    /// The process that has this pid now; `nil` when there is none.
    public init?(of pid: Int32) {
        guard let entry = ProcessTable.entry(of: pid) else { return nil }
        self.init(pid: pid, startTime: entry.startTime, boot: ProcessTable.boot)
    }

    /// Whether it is still there, a zombie not counted.
    public var isAlive: Bool {
        guard boot == ProcessTable.boot, let entry = ProcessTable.entry(of: pid) else {
            return false
        }
        return entry.startTime == startTime && !entry.isZombie
    }
}

/// The machine's processes.
public enum ProcessTable {
    public struct Entry: Sendable, Hashable {
        public let pid: Int32
        public let parent: Int32
        public let group: Int32
        public let session: Int32
        public let startTime: UInt64
        public let isZombie: Bool
        /// Its processor time and that of its children that it has waited for, in ticks of the
        /// clock; 0 on macOS.
        public let processorTicks: Int64
    }

    #if os(Linux)
        public static var boot: String {
            let bytes = (try? readSmall("/proc/sys/kernel/random/boot_id")) ?? []
            return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        }

        public static func entry(of pid: Int32) -> Entry? {
            guard let bytes = try? readSmall("/proc/\(pid)/stat") else { return nil }
            // The name stands in parentheses and may hold any byte: look for the last one.
            guard let close = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
            let parts = bytes[bytes.index(after: close)...].split(separator: UInt8(ascii: " "))
            guard parts.count > 19 else { return nil }
            func number<N: FixedWidthInteger>(_ index: Int, _ type: N.Type) -> N? {
                N(String(decoding: parts[index], as: UTF8.self))
            }
            guard let parent = number(1, Int32.self), let group = number(2, Int32.self),
                let session = number(3, Int32.self), let start = number(19, UInt64.self)
            else { return nil }
            let state = parts[0].first
            let ticks = (11...14).reduce(0) { $0 + (number($1, Int64.self) ?? 0) }
            return Entry(
                pid: pid, parent: parent, group: group, session: session, startTime: start,
                isZombie: state == UInt8(ascii: "Z") || state == UInt8(ascii: "X"),
                processorTicks: ticks)
        }

        public static func all() -> [Entry] {
            guard let folder = opendir("/proc") else { return [] }
            defer { closedir(folder) }
            var entries: [Entry] = []
            while let found = readdir(folder) {
                let name = withUnsafePointer(to: &found.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if let pid = Int32(name), let entry = entry(of: pid) { entries.append(entry) }
            }
            return entries
        }

        /// The environment a process was started with, as `NAME=value`; empty when it can't be
        /// read.
        public static func environment(of pid: Int32) -> [ArraySlice<UInt8>] {
            guard let bytes = try? readSmall("/proc/\(pid)/environ") else { return [] }
            return bytes.split(separator: 0)
        }

        /// Its children, by their pids; `nil` where the kernel doesn't say.
        public static func children(of pid: Int32) -> [Int32]? {
            guard let folder = opendir("/proc/\(pid)/task") else { return [] }
            defer { closedir(folder) }
            var children: [Int32] = []
            while let found = readdir(folder) {
                let name = withUnsafePointer(to: &found.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard Int32(name) != nil else { continue }
                do throws(WireError) {
                    let bytes = try readSmall("/proc/\(pid)/task/\(name)/children")
                    children += bytes.split(separator: UInt8(ascii: " ")).compactMap {
                        Int32(String(decoding: $0, as: UTF8.self))
                    }
                } catch {
                    // A thread that has ended meanwhile has no folder; one that lives has the file.
                    if access("/proc/\(pid)/task/\(name)", F_OK) == 0 { return nil }
                }
            }
            return children
        }

        /// Memory that is its own, or shared with others on purpose: files it has mapped don't count.
        public static func memoryBytes(of pid: Int32) -> Int64 {
            let lines = ((try? readSmall("/proc/\(pid)/status")) ?? []).split(
                separator: UInt8(ascii: "\n"))
            return lines.reduce(0) { sum, line in
                guard line.starts(with: "RssAnon:".utf8) || line.starts(with: "RssShmem:".utf8)
                else { return sum }
                let digits = line.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
                return sum + (Int64(String(decoding: digits, as: UTF8.self)) ?? 0) * 1024
            }
        }

        /// Files under /proc have no length: read until the end.
        private static func readSmall(_ path: String) throws(WireError) -> [UInt8] {
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { throw .system(operation: "open", path: path, errno: errno) }
            defer { close(file) }
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let got = read(file, &buffer, buffer.count)
                if got < 0 && errno == EINTR { continue }
                guard got >= 0 else {
                    throw .system(operation: "read", path: path, errno: errno)
                }
                if got == 0 { return bytes }
                bytes.append(contentsOf: buffer[..<got])
            }
        }
    #else
        public static var boot: String { "" }

        public static func entry(of pid: Int32) -> Entry? {
            var info = proc_bsdinfo()
            let size = Int32(MemoryLayout<proc_bsdinfo>.size)
            guard proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, size) == size else { return nil }
            return Entry(
                pid: pid, parent: Int32(info.pbi_ppid), group: Int32(info.pbi_pgid),
                session: getsid(pid),
                startTime: info.pbi_start_tvsec * 1_000_000 + info.pbi_start_tvusec,
                isZombie: info.pbi_status == UInt32(SZOMB), processorTicks: 0)
        }

        public static func all() -> [Entry] {
            var pids = [pid_t](repeating: 0, count: Int(proc_listallpids(nil, 0)) + 64)
            let bytes = Int32(pids.count * MemoryLayout<pid_t>.size)
            let count = Int(proc_listallpids(&pids, bytes))
            return pids.prefix(max(count, 0)).compactMap { entry(of: $0) }
        }
    #endif
}
