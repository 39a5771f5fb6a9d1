internal import Foundation

#if canImport(Darwin)
    internal import Darwin
#endif

/// Which start of the machine this is. Uptimes of different boots can't be compared.
struct BootID: Sendable, Hashable {
    let rawValue: String

    /// The machine's own. Empty when the system doesn't tell: then leases of before a restart last
    /// until their time of the new boot, or until their holder's lock is seen to be free.
    static func current() -> BootID {
        #if canImport(Darwin)
            var size = 0
            guard sysctlbyname("kern.bootsessionuuid", nil, &size, nil, 0) == 0, size > 1 else {
                return BootID(rawValue: "")
            }
            var bytes = [UInt8](repeating: 0, count: size)
            guard sysctlbyname("kern.bootsessionuuid", &bytes, &size, nil, 0) == 0 else {
                return BootID(rawValue: "")
            }
            return BootID(rawValue: String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
        #else
            let text = try? String(
                contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
            return BootID(rawValue: text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "")
        #endif
    }
}
