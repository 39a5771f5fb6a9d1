internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// An HTTP/1.1 server on loopback that answers as a test says, misbehaviour included, and keeps what
/// it was asked.
///
/// A thread per connection, blocking sockets, no packages: it shares no code with the client it
/// tests. Every test that makes one stops it.
public final class ScriptedHTTPServer: Sendable {
    public typealias Script = @Sendable (ScriptedRequest) -> ScriptedReply

    private let listener: ScriptedSocket
    private let port: UInt16
    private let log = ScriptedServerLog()
    private let threads = DispatchGroup()

    /// Starts to listen on a free port of 127.0.0.1.
    ///
    /// - Parameter script: Called on a thread per connection, so possibly several at once.
    public init(_ script: @escaping Script) throws {
        (listener, port) = try ScriptedSocket.listen()
        let (listener, log, threads) = (listener, log, threads)
        Self.start(threads) {
            while let socket = listener.accept() {
                guard let connection = log.open(socket) else { return socket.close() }
                Self.start(threads) {
                    Self.serve(connection, over: socket, log: log, script: script)
                    log.close(socket)
                }
            }
        }
    }

    /// Answers the requests in the order in which they come; those beyond the end get status 599.
    public convenience init(replies: [ScriptedReply]) throws {
        let queue = ScriptedQueue(replies)
        try self.init { _ in queue.next() ?? .text("the script has ended", status: 599) }
    }

    /// "http://127.0.0.1:PORT", without a slash at the end.
    public var url: String { "http://127.0.0.1:\(port)" }

    /// All requests so far, in the order in which they were read.
    public var requests: [ScriptedRequest] { log.requests }

    /// Connections accepted so far.
    public var connectionCount: Int { log.connectionCount }

    /// Connections that are open now.
    public var openConnectionCount: Int { log.openConnectionCount }

    /// The most requests that were being answered at one moment.
    public var mostAtOnce: Int { log.mostAtOnce }

    /// Requests that wait for `release()` now.
    public var heldCount: Int { log.heldCount }

    /// Lets all answers that are `held` go, now and from now on.
    public func release() { log.release() }

    /// Waits until something is so of the server, looking every few milliseconds.
    ///
    /// - Returns: `false` when it isn't so after ten seconds.
    public func reaches(_ condition: (ScriptedHTTPServer) -> Bool) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(120)
        while !condition(self) {
            guard ContinuousClock.now < deadline else { return false }
            try? await Task.sleep(for: .milliseconds(2))
        }
        return true
    }

    /// Closes everything and waits for the threads.
    public func stop() {
        listener.shutDown()
        log.stop()
        threads.wait()
        listener.close()
    }

    private static func start(_ group: DispatchGroup, _ body: @escaping @Sendable () -> Void) {
        group.enter()
        Thread.detachNewThread {
            body()
            group.leave()
        }
    }

    private static func serve(
        _ connection: Int, over socket: ScriptedSocket, log: ScriptedServerLog, script: Script
    ) {
        var reader = ScriptedRequestReader(socket: socket)
        while let request = reader.next(connection: connection) {
            log.begin(request)
            let goesOn = answer(script(request), to: request, over: socket, log: log)
            log.end()
            guard goesOn else { return }
        }
    }

    /// Returns whether the connection can take another request.
    private static func answer(
        _ reply: ScriptedReply, to request: ScriptedRequest, over socket: ScriptedSocket,
        log: ScriptedServerLog
    ) -> Bool {
        let head = headOf(reply)
        let body = request.method == "HEAD" ? [] : reply.body
        switch reply.delivery {
        case .whole:
            guard socket.send(head + body) else { return false }
        case .held:
            guard log.waitForRelease(), socket.send(head + body) else { return false }
        case .cut(let count):
            if let count { _ = socket.send(head + body.prefix(count)) }
            return false
        case .stalled(let count):
            _ = socket.send(head + body.prefix(count))
            _ = socket.receive()
            return false
        case .paced(let bytes, let milliseconds):
            guard socket.send(head) else { return false }
            var rest = body[...]
            while !rest.isEmpty {
                guard socket.send(Array(rest.prefix(bytes))) else { return false }
                rest = rest.dropFirst(bytes)
                usleep(UInt32(milliseconds) * 1000)
            }
        }
        return !reply.headers.contains { $0.name == "Connection" && $0.value == "close" }
    }

    private static func headOf(_ reply: ScriptedReply) -> [UInt8] {
        var lines = ["HTTP/1.1 \(reply.status) Scripted"]
        lines += reply.headers.map { "\($0.name): \($0.value)" }
        if !reply.headers.contains(where: { $0.name == "Content-Length" }), reply.status != 204 {
            lines.append("Content-Length: \(reply.body.count)")
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}
