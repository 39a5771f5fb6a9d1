#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A TCP connection that can be cancelled and ends by itself when the other side falls silent.
///
/// Belongs to the transfer that is at work on the thread that makes it.
final class GitSocket {
    struct Failure: Error { let reason: String }

    private let host: String
    private let port: String
    private let transfer: GitTransfer?
    private var descriptor: Int32 = -1

    init(host: String, port: String) {
        self.host = host
        self.port = port
        transfer = GitTransfer.current
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { _ = systemClose(descriptor) }
        descriptor = -1
    }

    /// Connects to the first of the host's addresses that answers.
    ///
    /// With credentials only to the server of the remote: after a redirect libgit2 would send them
    /// to the new one.
    func connect() throws(Failure) {
        if let transfer, transfer.remote.credentials != nil, let server = transfer.remote.server,
            server != GitRemote.Server(host: host.lowercased(), port: port)
        {
            transfer.end(with: .redirected(remote: transfer.remote.description, host: host))
            throw Failure(reason: "redirected")
        }
        var reason = "no address"
        for address in try addresses() {
            do throws(Failure) {
                try connect(to: address)
                return
            } catch {
                close()
                reason = error.reason
                if transfer?.mayContinue() == false { break }
            }
        }
        transfer?.end(
            with: .unreachable(
                remote: transfer?.remote.description ?? host, reason: "\(host):\(port): \(reason).")
        )
        throw Failure(reason: reason)
    }

    func read(into buffer: UnsafeMutableRawPointer?, count: Int) throws(Failure) -> Int {
        while true {
            let got = recv(descriptor, buffer, count, 0)
            if got >= 0 {
                transfer?.sawProgress()
                return got
            }
            try retry(waitingFor: Int16(POLLIN))
        }
    }

    func write(_ bytes: UnsafePointer<CChar>?, count: Int) throws(Failure) -> Int {
        while true {
            #if os(Linux)
                let sent = send(descriptor, bytes, count, Int32(MSG_NOSIGNAL))
            #else
                let sent = send(descriptor, bytes, count, 0)
            #endif
            if sent >= 0 {
                transfer?.sawProgress()
                return sent
            }
            try retry(waitingFor: Int16(POLLOUT))
        }
    }

    /// After a call that gave nothing: waits until it is worth trying again.
    private func retry(waitingFor events: Int16) throws(Failure) {
        switch errno {
        case EINTR: return
        case EAGAIN, EWOULDBLOCK: try wait(for: events, limit: nil)
        default: throw Failure(reason: Self.text(of: errno))
        }
    }

    /// Waits in slices, so that a cancelled transfer is noticed within a tenth of a second.
    private func wait(for events: Int16, limit: Duration?) throws(Failure) {
        let start = ContinuousClock.now
        while true {
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let ready = poll(&entry, 1, 100)
            if ready > 0 { return }
            if ready < 0, errno != EINTR { throw Failure(reason: Self.text(of: errno)) }
            if transfer?.mayContinue() == false { throw Failure(reason: "ended") }
            if let limit, ContinuousClock.now - start > limit {
                throw Failure(reason: "no answer in \(limit.components.seconds) seconds")
            }
        }
    }

    private struct Address {
        let family: Int32
        let bytes: [UInt8]
    }

    private func addresses() throws(Failure) -> [Address] {
        var hints = addrinfo()
        #if os(Linux)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, port, &hints, &list)
        guard code == 0 else {
            let reason = String(cString: gai_strerror(code))
            transfer?.end(
                with: .unreachable(
                    remote: transfer?.remote.description ?? host, reason: "\(host): \(reason)."))
            throw Failure(reason: reason)
        }
        defer { freeaddrinfo(list) }
        var found: [Address] = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr {
                let bytes = UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen))
                found.append(Address(family: entry.ai_family, bytes: Array(bytes)))
            }
            next = entry.ai_next
        }
        return found
    }

    private func connect(to address: Address) throws(Failure) {
        #if os(Linux)
            descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue) | Self.closeOnExec, 0)
        #else
            descriptor = socket(address.family, SOCK_STREAM, 0)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            var one: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &one, 4)
        #endif
        guard descriptor >= 0 else { throw Failure(reason: Self.text(of: errno)) }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        let result = address.bytes.withUnsafeBytes {
            systemConnect(
                descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                socklen_t($0.count))
        }
        if result != 0 {
            guard errno == EINPROGRESS else { throw Failure(reason: Self.text(of: errno)) }
            try wait(for: Int16(POLLOUT), limit: transfer?.remote.limits.connecting)
            var failure: Int32 = 0
            var size = socklen_t(4)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size)
            guard failure == 0 else { throw Failure(reason: Self.text(of: failure)) }
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        transfer?.sawProgress()
    }

    private static func text(of code: Int32) -> String { String(cString: strerror(code)) }

    #if os(Linux)
        private static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)
    #endif
}

// The methods above have the names of the system's functions.
private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }

private func systemConnect(
    _ descriptor: Int32, _ address: UnsafePointer<sockaddr>?, _ length: socklen_t
) -> Int32 {
    connect(descriptor, address, length)
}
