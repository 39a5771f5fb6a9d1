internal import Foundation

/// What a `ScriptedHTTPServer` has seen, and the gate that held answers wait at.
///
/// Unchecked, but safe: everything is read and written under the condition's lock.
final class ScriptedServerLog: @unchecked Sendable {
    private let condition = NSCondition()
    private var allRequests: [ScriptedRequest] = []
    private var sockets: [ObjectIdentifier: ScriptedSocket] = [:]
    private var accepted = 0
    private var current = 0
    private var most = 0
    private var held = 0
    private var isReleased = false
    private var isStopped = false

    var requests: [ScriptedRequest] { condition.withLock { allRequests } }
    var connectionCount: Int { condition.withLock { accepted } }
    var openConnectionCount: Int { condition.withLock { sockets.count } }
    var mostAtOnce: Int { condition.withLock { most } }
    var heldCount: Int { condition.withLock { held } }

    /// The connection's number; `nil` when the server has stopped.
    func open(_ socket: ScriptedSocket) -> Int? {
        condition.withLock {
            guard !isStopped else { return nil }
            accepted += 1
            sockets[ObjectIdentifier(socket)] = socket
            return accepted
        }
    }

    /// Under the lock, so that `stop` can't shut down a descriptor that was given out again.
    func close(_ socket: ScriptedSocket) {
        condition.withLock {
            sockets[ObjectIdentifier(socket)] = nil
            socket.close()
        }
    }

    func begin(_ request: ScriptedRequest) {
        condition.withLock {
            allRequests.append(request)
            current += 1
            most = max(most, current)
        }
    }

    func end() { condition.withLock { current -= 1 } }

    /// Returns whether the answer may go out; `false` when the server stops.
    func waitForRelease() -> Bool {
        condition.withLock {
            held += 1
            while !isReleased, !isStopped { condition.wait() }
            held -= 1
            return !isStopped
        }
    }

    func release() {
        condition.withLock {
            isReleased = true
            condition.broadcast()
        }
    }

    func stop() {
        condition.withLock {
            isStopped = true
            sockets.values.forEach { $0.shutDown() }
            condition.broadcast()
        }
    }
}

/// Replies to give out one after the other, to any thread.
///
/// Unchecked, but safe: the replies are read and written under the lock.
final class ScriptedQueue: @unchecked Sendable {
    private let lock = NSLock()
    private var replies: [ScriptedReply]

    init(_ replies: [ScriptedReply]) { self.replies = replies }

    func next() -> ScriptedReply? {
        lock.withLock { replies.isEmpty ? nil : replies.removeFirst() }
    }
}
