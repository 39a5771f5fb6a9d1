import Dispatch
public import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension SessionHost {
    /// Tells whenever the log may have grown, once for all that has come since; ends when the host is
    /// gone, and its last record is there then if it left one. It takes no thread, and looks at
    /// nothing meanwhile.
    func growth() -> AsyncStream<Void> {
        guard let connection = HostConnection(folder: folder), connection.send(.follow) else {
            return looking()
        }
        return AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            connection.onReadable {
                let (bytes, isOver) = connection.receive()
                if !bytes.isEmpty { continuation.yield() }
                if isOver { continuation.finish() }
            }
            continuation.onTermination = { _ in connection.cancel() }
            connection.activate()
        }
    }

    /// A host that starts or ends has no socket for a moment.
    private func looking() -> AsyncStream<Void> {
        AsyncStream {
            guard !Task.isCancelled, (try? state()) == .alive else { return nil }
            try? await Task.sleep(for: Self.pollInterval)
            return ()
        }
    }

    /// Writes to the agent's standard input; `nil` when the host doesn't answer.
    func say(
        offset: Int64, bytes: [UInt8], closes: Bool, mail: Int64? = nil
    ) async -> ControlReply? {
        await ask(.say(offset: offset, bytes: bytes, closes: closes, mail: mail))
    }

    /// Puts a person's message into the log; `nil` when the host doesn't answer.
    func mail(_ text: String) async -> ControlReply? {
        await ask(.mail(Array(text.utf8)))
    }

    /// Asks the host; `nil` when it doesn't answer in two seconds, or a little more when it is told
    /// much.
    public func ask(_ request: ControlRequest) async -> ControlReply? {
        guard let connection = HostConnection(folder: folder) else { return nil }
        return await withCheckedContinuation { continuation in
            HostQuestion(request, on: connection) { continuation.resume(returning: $0) }.begin()
        }
    }
}

/// A socket to a host that nobody waits at.
// Safe: its fields never change, and Dispatch's sources may be used from any thread.
final class HostConnection: @unchecked Sendable {
    let queue = DispatchQueue(label: "skep.host")
    private let socket: Int32
    private let reading: any DispatchSourceRead

    /// `nil` when no host is there, or it has too many callers.
    init?(folder: String) {
        guard
            let socket = try? UnixSocket.connect(folder: folder, name: SessionFiles.controlName)
        else { return nil }
        self.socket = socket
        reading = DispatchSource.makeReadSource(fileDescriptor: socket, queue: queue)
        reading.setCancelHandler { close(socket) }
    }

    /// Every connection is activated: a source that never was can't be let go of.
    deinit {
        activate()
        cancel()
    }

    func activate() { reading.activate() }

    func cancel() { reading.cancel() }

    /// Calls when there is something to `receive`.
    func onReadable(_ body: @escaping @Sendable () -> Void) {
        reading.setEventHandler(handler: body)
    }

    /// Sends a request that fits into the socket's buffer.
    func send(_ request: ControlRequest) -> Bool {
        let bytes = request.record.encoded
        return send(bytes[...]) == bytes.count
    }

    /// How much of it was taken; `nil` when the host has gone.
    func send(_ bytes: ArraySlice<UInt8>) -> Int? {
        #if canImport(Glibc)
            let flags = Int32(MSG_NOSIGNAL)
        #else
            let flags: Int32 = 0
        #endif
        #if canImport(Glibc)
            let put = bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, flags) }
        #else
            let put = bytes.withUnsafeBytes { Darwin.send(socket, $0.baseAddress, $0.count, flags) }
        #endif
        if put < 0 { return errno == EAGAIN || errno == EINTR ? 0 : nil }
        return put
    }

    /// All that is there now, and whether the host has gone.
    ///
    /// Always read to its end: once the host has hung up, libdispatch on Linux calls one more time and
    /// never again, however much there still is to be read (`_dispatch_event_merge_hangup` in
    /// swift-corelibs-libdispatch's event_epoll.c).
    func receive() -> (bytes: [UInt8], isOver: Bool) {
        var bytes: [UInt8] = []
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            while true {
                let got = recv(socket, buffer.baseAddress, buffer.count, 0)
                if got > 0 {
                    bytes += buffer[..<got]
                } else if got == 0 || errno != EINTR {
                    return (bytes, got == 0 || errno != EAGAIN)
                }
            }
        }
    }

    /// Calls when more can be sent, until the source is cancelled.
    func onWritable(_ body: @escaping @Sendable () -> Void) -> any DispatchSourceWrite {
        // With a descriptor of its own: `reading` may close the other one first.
        let copy = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        let writing = DispatchSource.makeWriteSource(fileDescriptor: copy, queue: queue)
        writing.setEventHandler(handler: body)
        writing.setCancelHandler { close(copy) }
        writing.activate()
        return writing
    }
}

/// One request and its reply, without a thread that waits for it.
// Safe: after `init` everything runs on its connection's serial queue.
private final class HostQuestion: @unchecked Sendable {
    private let connection: HostConnection
    private var unsent: ArraySlice<UInt8>
    private var reply: [UInt8] = []
    private var writing: (any DispatchSourceWrite)?
    private var completion: ((ControlReply?) -> Void)?

    init(
        _ request: ControlRequest, on connection: HostConnection,
        _ completion: @escaping @Sendable (ControlReply?) -> Void
    ) {
        self.connection = connection
        unsent = request.record.encoded[...]
        self.completion = completion
    }

    /// Keeps itself alive until it is over.
    func begin() {
        connection.queue.async { [self] in
            connection.onReadable { self.receive() }
            connection.activate()
            let length = DispatchTimeInterval.milliseconds(2000 + unsent.count / 1000)
            connection.queue.asyncAfter(deadline: .now() + length) { [weak self] in
                self?.finish(nil)
            }
            send()
        }
    }

    private func send() {
        guard let count = connection.send(unsent) else { return finish(nil) }
        unsent = unsent.dropFirst(count)
        if unsent.isEmpty {
            writing?.cancel()
            writing = nil
        } else if writing == nil {
            writing = connection.onWritable { self.send() }
        }
    }

    private func receive() {
        let (bytes, isOver) = connection.receive()
        reply += bytes
        var reader = RecordReader(reply)
        if case .record(let record) = reader.next() {
            finish(try? ControlReply(decoding: record))
        } else if isOver {
            finish(nil)
        }
    }

    private func finish(_ reply: ControlReply?) {
        guard let completion else { return }
        self.completion = nil
        writing?.cancel()
        writing = nil
        connection.onReadable {}
        connection.cancel()
        completion(reply)
    }
}
