import Dispatch
public import SkepWire
import Synchronization

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
final class HostConnection: Sendable {
    let queue = DispatchQueue(label: "skep.host")
    private let socket: Int32
    private let reading: Mutex<any DispatchSourceRead>

    /// `nil` when no host is there, or it has too many callers.
    init?(folder: String) {
        guard
            let socket = try? UnixSocket.connect(folder: folder, name: SessionFiles.controlName)
        else { return nil }
        self.socket = socket
        let source = DispatchSource.makeReadSource(fileDescriptor: socket, queue: queue)
        source.setCancelHandler { close(socket) }
        reading = Mutex(source)
    }

    /// Every connection is activated: a source that never was can't be let go of.
    deinit {
        activate()
        cancel()
    }

    func activate() { reading.withLock { $0.activate() } }

    func cancel() { reading.withLock { $0.cancel() } }

    /// Calls when there is something to `receive`.
    func onReadable(_ body: @escaping @Sendable () -> Void) {
        reading.withLock { $0.setEventHandler(handler: body) }
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

    /// Calls when more can be sent, until the source is cancelled; `nil` when there is no descriptor
    /// left for it.
    func onWritable(_ body: @escaping @Sendable () -> Void) -> (any DispatchSourceWrite)? {
        // With a descriptor of its own: `reading` may close the other one first.
        let copy = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return nil }
        let writing = DispatchSource.makeWriteSource(fileDescriptor: copy, queue: queue)
        writing.setEventHandler(handler: body)
        writing.setCancelHandler { close(copy) }
        writing.activate()
        return writing
    }
}

/// One request and its reply, without a thread that waits for it.
private final class HostQuestion: Sendable {
    private struct State {
        var unsent: ArraySlice<UInt8>
        var reply: [UInt8] = []
        var writing: (any DispatchSourceWrite)?
        /// `nil` once it was called.
        var completion: (@Sendable (ControlReply?) -> Void)?
    }

    private let connection: HostConnection
    private let state: Mutex<State>

    init(
        _ request: ControlRequest, on connection: HostConnection,
        _ completion: @escaping @Sendable (ControlReply?) -> Void
    ) {
        self.connection = connection
        state = Mutex(State(unsent: request.record.encoded[...], completion: completion))
    }

    /// Keeps itself alive until it is over.
    func begin() {
        connection.queue.async { [self] in
            connection.onReadable { self.receive() }
            connection.activate()
            let length = state.withLock { 2000 + $0.unsent.count / 1000 }
            connection.queue.asyncAfter(deadline: .now() + .milliseconds(length)) { [weak self] in
                self?.finish(nil)
            }
            send()
        }
    }

    private func send() {
        let goesOn = state.withLock { state in
            guard state.completion != nil else { return true }
            guard let count = connection.send(state.unsent) else { return false }
            state.unsent = state.unsent.dropFirst(count)
            if state.unsent.isEmpty {
                state.writing?.cancel()
                state.writing = nil
                return true
            }
            if state.writing == nil { state.writing = connection.onWritable { self.send() } }
            return state.writing != nil
        }
        if !goesOn { finish(nil) }
    }

    private func receive() {
        let (bytes, isOver) = connection.receive()
        let record: Record? = state.withLock { state in
            state.reply += bytes
            var reader = RecordReader(state.reply)
            if case .record(let record) = reader.next() { return record }
            return nil
        }
        if let record {
            finish(try? ControlReply(decoding: record))
        } else if isOver {
            finish(nil)
        }
    }

    private func finish(_ reply: ControlReply?) {
        let completion = state.withLock { state in
            state.writing?.cancel()
            state.writing = nil
            return state.completion.take()
        }
        guard let completion else { return }
        connection.onReadable {}
        connection.cancel()
        completion(reply)
    }
}
