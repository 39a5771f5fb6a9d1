import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Answers requests at the session's socket. Nobody can hold it up: reads and writes never wait,
/// and of too many callers the one who came first is dropped.
final class ControlServer {
    private let listener: Int32
    private var callers: [(file: Int32, bytes: [UInt8])] = []
    private static let mostCallers = 16
    private static let longestRequest = 4096

    init() throws {
        listener = try UnixSocket.listen(at: SessionFiles.controlName)
    }

    var polled: [pollfd] {
        ([listener] + callers.map(\.file)).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
    }

    func serve(_ file: Int32, _ answer: (ControlRequest) -> ControlReply) {
        if file == listener {
            accept()
        } else if let index = callers.firstIndex(where: { $0.file == file }) {
            if !serve(at: index, answer) { drop(index) }
        }
    }

    func close() {
        while !callers.isEmpty { drop(0) }
        unlink(SessionFiles.controlName)
    }

    private func accept() {
        #if canImport(Glibc)
            let caller = Glibc.accept(listener, nil, nil)
        #else
            let caller = Darwin.accept(listener, nil, nil)
        #endif
        guard caller >= 0 else { return }
        _ = fcntl(caller, F_SETFD, FD_CLOEXEC)
        _ = fcntl(caller, F_SETFL, O_NONBLOCK)
        if callers.count == Self.mostCallers { drop(0) }
        callers.append((caller, []))
    }

    /// False: this caller has gone, or doesn't speak as it should.
    private func serve(at index: Int, _ answer: (ControlRequest) -> ControlReply) -> Bool {
        var buffer = [UInt8](repeating: 0, count: Self.longestRequest)
        let got = read(callers[index].file, &buffer, buffer.count)
        if got < 0 { return errno == EAGAIN || errno == EINTR }
        guard got > 0 else { return false }
        callers[index].bytes += buffer[..<got]
        var reader = RecordReader(callers[index].bytes)
        while case .record(let record) = reader.next() {
            guard let request = try? ControlRequest(decoding: record) else { return false }
            let reply = answer(request).record.encoded
            let written = (try? Files.write(reply, to: callers[index].file, path: "caller")) != nil
            guard written else { return false }
        }
        callers[index].bytes.removeFirst(reader.offset)
        return callers[index].bytes.count < Self.longestRequest && reader.next() != .damaged
    }

    private func drop(_ index: Int) {
        #if canImport(Glibc)
            _ = Glibc.close(callers[index].file)
        #else
            _ = Darwin.close(callers[index].file)
        #endif
        callers.remove(at: index)
    }
}
