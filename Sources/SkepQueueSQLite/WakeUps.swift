internal import Dispatch
internal import Foundation
internal import SkepQueue
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Tells workers, in this process and others, that there may be something to do.
///
/// A hint: one that is lost costs a worker the time until it looks by itself.
final class WakeUps: Sendable {
    private let folder: String
    private let sender: DatagramSender?
    private let local = Mutex<[WorkerID: AsyncStream<QueueSignal>.Continuation]>([:])

    init(folder: String) {
        self.folder = folder
        self.sender = DatagramSender()
    }

    func add(_ worker: WorkerID, _ continuation: AsyncStream<QueueSignal>.Continuation) {
        local.withLock { $0[worker] = continuation }
    }

    func remove(_ worker: WorkerID) {
        local.withLock { $0[worker] = nil }
    }

    /// Sends what a committed transaction asked for.
    ///
    /// All workers are told of new work: which of them have a free slot isn't known, and a signal
    /// that only reached a busy one would be lost.
    func send(_ effects: Effects) {
        guard !effects.isEmpty else { return }
        let here = local.withLock { $0 }
        let chosen = effects.hasWork ? nil : effects.holders
        for (worker, continuation) in here where chosen?.contains(worker) ?? true {
            continuation.yield(.look)
        }
        let others = chosen.map(Array.init) ?? workersWithSockets()
        for worker in others where here[worker] == nil && WorkerFiles.isPlain(worker) {
            sender?.send(to: WorkerFiles(folder: folder, worker: worker).socket)
        }
    }

    private func workersWithSockets() -> [WorkerID] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { WorkerFiles.worker(ofSocket: $0) }
    }
}

private let dontWait = Int32(MSG_DONTWAIT)

/// Sends empty datagrams without ever waiting.
private final class DatagramSender: Sendable {
    private let descriptor: Int32

    init?() {
        descriptor = DatagramSocket.make()
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    func send(to path: String) {
        guard var address = DatagramSocket.address(of: path) else { return }
        // A full buffer means that the worker has signals it hasn't read: one more adds nothing.
        // A refused one means that the worker is gone; a sweep clears up after it.
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                sendto(
                    descriptor, [1], 1, dontWait, pointer,
                    socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// A worker's own end: a socket that turns datagrams into signals until it is closed.
final class DatagramReceiver: Sendable {
    /// Safe: sources may be cancelled from any thread, and nothing else is done with it.
    nonisolated(unsafe) private let source: any DispatchSourceRead

    /// - Throws: `POSIXError`.
    init(path: String, onSignal: @escaping @Sendable () -> Void) throws {
        let descriptor = DatagramSocket.make()
        guard descriptor >= 0 else { throw POSIXError.last }
        do {
            guard var address = DatagramSocket.address(of: path) else {
                throw POSIXError(.ENAMETOOLONG)
            }
            unlink(path)
            let bound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    bind(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            guard bound == 0 else { throw POSIXError.last }
        } catch {
            close(descriptor)
            throw error
        }

        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
        source.setEventHandler {
            var byte: UInt8 = 0
            while recv(descriptor, &byte, 1, dontWait) >= 0 {}
            onSignal()
        }
        source.setCancelHandler { close(descriptor) }
        source.activate()
    }

    func end() { source.cancel() }
}

private enum DatagramSocket {
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
}
