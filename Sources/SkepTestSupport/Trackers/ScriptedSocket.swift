#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A blocking TCP socket on loopback, for tests.
final class ScriptedSocket: Sendable {
    struct Failure: Error {
        let call: String
        let number: Int32
    }

    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// A listening socket on a free port of 127.0.0.1.
    static func listen() throws -> (ScriptedSocket, port: UInt16) {
        #if canImport(Darwin)
            let stream = SOCK_STREAM
        #else
            let stream = Int32(SOCK_STREAM.rawValue)
        #endif
        let descriptor = socket(AF_INET, stream, 0)
        guard descriptor >= 0 else { throw Failure(call: "socket", number: errno) }
        let listener = ScriptedSocket(descriptor)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)

        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port: UInt16? = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(descriptor, address, size) == 0, systemListen(descriptor, 64) == 0,
                    getsockname(descriptor, address, &size) == 0
                else { return nil }
                return pointer.pointee.sin_port.bigEndian
            }
        }
        guard let port else {
            let number = errno
            listener.close()
            throw Failure(call: "bind", number: number)
        }
        return (listener, port)
    }

    /// The next connection; `nil` once the listener was shut down.
    func accept() -> ScriptedSocket? {
        while true {
            // A listener that is shut down wakes `accept` on Linux, but not on macOS: so the wait
            // has an end, and the state is asked again.
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = systemPoll(&poll, 1, 200)
            if ready < 0, errno != EINTR { return nil }
            if poll.revents & Int16(POLLHUP | POLLNVAL | POLLERR) != 0 { return nil }
            guard ready > 0 else {
                if isShutDown { return nil }
                continue
            }
            let connection = systemAccept(descriptor, nil, nil)
            guard connection >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                return nil
            }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            var one: Int32 = 1
            setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(4))
            #if canImport(Darwin)
                setsockopt(connection, SOL_SOCKET, SO_NOSIGPIPE, &one, socklen_t(4))
            #endif
            return ScriptedSocket(connection)
        }
    }

    private var isShutDown: Bool {
        var value: Int32 = 0
        var size = socklen_t(4)
        return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) != 0 || value == 0
    }

    /// Returns whether everything was taken.
    func send(_ bytes: [UInt8]) -> Bool {
        #if canImport(Darwin)
            let flags: Int32 = 0
        #else
            let flags = Int32(MSG_NOSIGNAL)
        #endif
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                systemSend(descriptor, $0.baseAddress, $0.count, flags)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Some bytes; none at the end or after a failure.
    func receive() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            return Array(buffer.prefix(max(0, count)))
        }
    }

    /// Ends what waits on it; the descriptor stays taken until `close`.
    func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    func close() { systemClose(descriptor) }
}

// The C functions, where a method of the same name stands before them.
private func systemListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 {
    listen(descriptor, backlog)
}
private func systemAccept(
    _ descriptor: Int32, _ address: UnsafeMutablePointer<sockaddr>?,
    _ size: UnsafeMutablePointer<socklen_t>?
) -> Int32 {
    accept(descriptor, address, size)
}
private func systemPoll(
    _ descriptors: UnsafeMutablePointer<pollfd>, _ count: nfds_t, _ timeout: Int32
) -> Int32 {
    poll(descriptors, count, timeout)
}
private func systemSend(
    _ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32
) -> Int {
    send(descriptor, bytes, count, flags)
}
private func systemClose(_ descriptor: Int32) { _ = close(descriptor) }
