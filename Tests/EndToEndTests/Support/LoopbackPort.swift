#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Ports of this machine.
enum LoopbackPort {
    /// One that nobody uses at this moment.
    static func free() throws -> Int {
        try withSocket { descriptor in
            var address = Self.address(port: 0)
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    bind(descriptor, address, length) == 0
                        && getsockname(descriptor, address, &length) == 0
                }
            }
            guard isBound else { throw ChildProcess.Failed(description: "no free port") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }

    static func listens(_ port: Int) -> Bool {
        let isConnected = try? withSocket { descriptor in
            let address = Self.address(port: UInt16(port))
            return withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
        }
        return isConnected ?? false
    }

    private static func withSocket<Value>(_ body: (Int32) throws -> Value) throws -> Value {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw ChildProcess.Failed(description: "no socket") }
        defer { close(descriptor) }
        return try body(descriptor)
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }
}
