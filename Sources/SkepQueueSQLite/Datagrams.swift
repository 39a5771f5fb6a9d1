internal import Dispatch
internal import Foundation
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

private let dontWait = Int32(MSG_DONTWAIT)

/// Sends datagrams without ever waiting.
///
/// Over a connection for each receiver: one that reads nothing fills its own buffer, and those of
/// the others stay empty.
final class DatagramSender: Sendable {
    private let connections = Mutex<[String: Int32]>([:])

    deinit {
        for descriptor in connections.withLock({ $0.values }) { close(descriptor) }
    }

    /// - Returns: `false` when the receiver is dead and has left its socket behind.
    @discardableResult
    func send(_ bytes: [UInt8], to path: String) -> Bool {
        connections.withLock { connections in
            // The second time to whoever has taken the name of one that is gone.
            for _ in 0..<2 {
                guard let descriptor = connections[path] ?? Self.connected(to: path) else {
                    return errno != ECONNREFUSED
                }
                connections[path] = descriptor
                // A full buffer means that the receiver has more to read: it will look anyway.
                if write(bytes, to: descriptor) || errno == EAGAIN || errno == ENOBUFS {
                    return true
                }
                close(descriptor)
                connections[path] = nil
            }
            return true
        }
    }

    /// Closes the connections to receivers that are gone, once there are more than receivers.
    func keepOnly(_ count: Int, of paths: () -> [String]) {
        connections.withLock { connections in
            guard connections.count > count else { return }
            let paths = Set(paths())
            for (path, descriptor) in connections where !paths.contains(path) {
                close(descriptor)
                connections[path] = nil
            }
        }
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        sendto(descriptor, bytes, bytes.count, dontWait, nil, 0) >= 0
    }

    /// - Returns: `nil` when it failed; `errno` says why.
    private static func connected(to path: String) -> Int32? {
        guard var address = DatagramSocket.address(of: path) else {
            errno = ENAMETOOLONG
            return nil
        }
        let descriptor = DatagramSocket.make()
        guard descriptor >= 0 else { return nil }
        let result = DatagramSocket.withPointer(to: &address) { connect(descriptor, $0, $1) }
        guard result == 0 else {
            let reason = errno
            close(descriptor)
            errno = reason
            return nil
        }
        return descriptor
    }
}

/// A socket that hands on what is sent to it, until it is closed.
final class DatagramReceiver: Sendable {
    /// The largest datagram: the least that systems allow is 2 KiB.
    static let largest = 1 << 10

    /// Safe: sources may be cancelled from any thread, and nothing else is done with it.
    nonisolated(unsafe) private let source: any DispatchSourceRead

    /// - Throws: `POSIXError`.
    init(path: String, onDatagram: @escaping @Sendable ([UInt8]) -> Void) throws {
        let descriptor = DatagramSocket.make()
        guard descriptor >= 0 else { throw POSIXError.last }
        do {
            guard var address = DatagramSocket.address(of: path) else {
                throw POSIXError(.ENAMETOOLONG)
            }
            unlink(path)
            let bound = DatagramSocket.withPointer(to: &address) { bind(descriptor, $0, $1) }
            guard bound == 0 else { throw POSIXError.last }
        } catch {
            close(descriptor)
            throw error
        }

        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        source.setEventHandler {
            var buffer = [UInt8](repeating: 0, count: Self.largest)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, dontWait)
                guard count >= 0 else { return }
                onDatagram(Array(buffer.prefix(count)))
            }
        }
        source.setCancelHandler { close(descriptor) }
        source.activate()
    }

    func end() { source.cancel() }
}

/// What the ends of a datagram's way are made of.
enum DatagramSocket {
    /// A socket that doesn't block and isn't passed on to children, or -1.
    static func make() -> Int32 {
        #if os(Linux)
            let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
            return socket(AF_UNIX, kind, 0)
        #else
            let descriptor = socket(AF_UNIX, SOCK_DGRAM, 0)
            guard descriptor >= 0 else { return descriptor }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            return descriptor
        #endif
    }

    static func address(of path: String) -> sockaddr_un? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < WorkerFiles.longestSocketPath else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return address
    }

    static func withPointer<R>(
        to address: inout sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
    ) -> R {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                body(pointer, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
