import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Answers requests at the session's socket, and tells followers when the log has grown. Nobody can
/// hold it up: reads and writes never wait, and of too many callers the one who came first is
/// dropped.
final class ControlServer {
    private struct Caller {
        let file: Int32
        var bytes: [UInt8] = []
        var follows = false
    }

    private let listener: Int32
    private var callers: [Caller] = []
    private static let mostCallers = 64
    private static let longestRequest = Record.headLength + Record.maxPayload

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

    /// Tells that the log has grown. One that doesn't listen has unread bytes enough.
    func tellFollowers() {
        for index in callers.indices.reversed() where callers[index].follows {
            if !tell(callers[index].file) { drop(index) }
        }
    }

    /// Answers no more. Who has called is let go of when the host ends, with its last record: one of
    /// them may be about to ask for being told of that.
    func close() { unlink(SessionFiles.controlName) }

    private func accept() {
        #if canImport(Glibc)
            let caller = Glibc.accept(listener, nil, nil)
        #else
            let caller = Darwin.accept(listener, nil, nil)
        #endif
        guard caller >= 0 else { return }
        _ = fcntl(caller, F_SETFD, FD_CLOEXEC)
        _ = fcntl(caller, F_SETFL, O_NONBLOCK)
        if callers.count == Self.mostCallers { drop(callers.firstIndex { !$0.follows } ?? 0) }
        callers.append(Caller(file: caller))
    }

    /// False: this caller has gone, or doesn't speak as it should.
    private func serve(at index: Int, _ answer: (ControlRequest) -> ControlReply) -> Bool {
        guard let got = receive(at: index) else { return false }
        guard got > 0 else { return true }
        while let request = takeRequest(at: index) {
            guard let request = try? request.get() else { return false }
            if request == .follow {
                callers[index].follows = true
                // It may have grown while the caller was on its way.
                guard tell(callers[index].file) else { return false }
                continue
            }
            let reply = answer(request).record.encoded
            let written = (try? Files.write(reply, to: callers[index].file, path: "caller")) != nil
            guard written else { return false }
        }
        return callers[index].bytes.count < Self.longestRequest
    }

    /// How much has come; `nil` when the caller has gone.
    private func receive(at index: Int) -> Int? {
        let got = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
            let got = read(callers[index].file, buffer.baseAddress, buffer.count)
            if got > 0 { callers[index].bytes.append(contentsOf: buffer[..<got]) }
            return got
        }
        if got < 0 { return errno == EAGAIN || errno == EINTR ? 0 : nil }
        return got > 0 ? got : nil
    }

    /// Takes a whole request off what has come; `nil` when there is none yet.
    private func takeRequest(at index: Int) -> Result<ControlRequest, WireError>? {
        var reader = RecordReader(callers[index].bytes)
        switch reader.next() {
        case .end, .torn: return nil
        case .damaged: return .failure(.damaged("request"))
        case .record(let record):
            let offset = reader.offset
            reader = RecordReader([])
            callers[index].bytes =
                offset == callers[index].bytes.count
                ? [] : Array(callers[index].bytes[offset...])
            do throws(WireError) { return .success(try ControlRequest(decoding: record)) } catch {
                return .failure(error)
            }
        }
    }

    private func tell(_ file: Int32) -> Bool {
        var byte: UInt8 = 0
        return write(file, &byte, 1) == 1 || errno == EAGAIN || errno == EINTR
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
