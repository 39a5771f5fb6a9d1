import SkepWire
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("A session's files")
final class SessionFilesTests {
    private let files: SessionFiles

    init() throws {
        var template = Array("/tmp/skep-wire-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        files = SessionFiles(
            String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    deinit {
        let spool = (1...30).map { files.segment($0) }
        for path in [files.launch, files.host, files.exit] + spool { unlink(path) }
        rmdir(files.folder)
    }

    private func chunk(_ text: String, _ stream: Chunk.Stream = .output) -> Chunk {
        Chunk(stream: stream, at: Moment(wallMS: 5, uptimeMS: 6), bytes: Array(text.utf8))
    }

    private func readAll() throws -> (chunks: [Chunk], tail: SpoolReader.Tail) {
        var reader = SpoolReader(files: files)
        var chunks: [Chunk] = []
        while true {
            let batch = try reader.next(limit: 100)
            chunks += batch.chunks.map(\.chunk)
            if batch.chunks.isEmpty || batch.tail != .whole { return (chunks, batch.tail) }
        }
    }

    private func change(_ path: String, _ change: (inout [UInt8]) -> Void) throws {
        var bytes = try #require(try Files.read(path))
        change(&bytes)
        try Files.replace(path, with: bytes)
    }

    @Test("A launch request comes back as it was")
    func keepsLaunchRequest() throws {
        let request = LaunchRequest(
            session: "1-abc", program: "/bin/agent", arguments: ["agent", "", "a b"],
            environment: ["A": "1=2", "B": ""], directory: "/tree", input: "/prompt",
            user: LaunchRequest.User(uid: 65534, gid: 65533),
            limits: LaunchRequest.Limits(
                wallMS: 1, outputBytes: 2, silenceMS: 3, graceMS: 4, openFiles: 5, processes: 6,
                fileBytes: 7),
            segmentBytes: 8)
        try request.write(to: files)

        #expect(try LaunchRequest.read(from: files) == request)
    }

    @Test(
        "An exit record comes back as it was",
        arguments: [
            .exited(code: 3), .signalled(9), .timedOut, .outputLimit, .silent, .stopped,
            .startFailed(stage: .directory, errno: 2), .spoolFailed(errno: 28), .abandoned,
        ] as [ExitRecord.How])
    func keepsExitRecord(how: ExitRecord.How) throws {
        let record = ExitRecord(
            how: how, startedAt: Moment(wallMS: 1, uptimeMS: 2),
            endedAt: Moment(wallMS: 3, uptimeMS: 4), outputBytes: 5, errorBytes: 6,
            peakMemoryBytes: 7, allProcessesGone: true)
        try Files.replace(files.exit, with: record.encoded)

        #expect(try ExitRecord.read(from: files) == record)
    }

    @Test("A file that isn't there is no record, and a file of another sort is refused")
    func tellsFilesApart() throws {
        #expect(try ExitRecord.read(from: files) == nil)
        let process = ProcessIdentity(pid: 1, startTime: 2, boot: "b")
        try HostRecord(process: process, startedAt: .now).write(to: files)
        rename(files.host, files.exit)

        #expect(throws: WireError.damaged(files.exit)) { try ExitRecord.read(from: files) }
    }

    @Test("A newer format is refused, with both versions in the error")
    func refusesNewerFormat() throws {
        var header = Fields()
        header.add("format", WireFormat.version + 1)
        header.add("file", "exit")
        try Files.replace(files.exit, with: Record(.header, header.encoded).encoded)

        let expected = WireError.unknownVersion(WireFormat.version + 1, path: files.exit)
        #expect(throws: expected) { try ExitRecord.read(from: files) }
        #expect(expected.description.contains("has format 3; this program reads 1 to 2"))
    }

    @Test("A spool is read over all its segments, from any position that was told")
    func readsSegments() throws {
        var writer = try SpoolWriter(files: files, session: "s", segmentBytes: 200)
        let chunks = (0..<20).map { chunk("chunk \($0)", $0 % 3 == 0 ? .error : .output) }
        for chunk in chunks { try writer.append(chunk) }
        var reader = SpoolReader(files: files)
        var ends: [SpoolPosition] = []
        while case let batch = try reader.next(), !batch.chunks.isEmpty {
            ends += batch.chunks.map(\.end)
        }

        #expect(try readAll().chunks == chunks)
        #expect(ends.count == 20)
        #expect((ends.last?.segment ?? 0) > 3)
        for (index, end) in ends.enumerated() {
            var again = SpoolReader(files: files, from: SpoolPosition(number: end.number))
            #expect(try again.next().chunks.first?.chunk == chunks.dropFirst(index + 1).first)
        }
    }

    @Test("A spool's torn end is seen, wherever it is torn")
    func noticesTornSpool() throws {
        var writer = try SpoolWriter(files: files, session: "s", segmentBytes: 1 << 20)
        try writer.append(chunk("whole"))
        let whole = writer.position.offset
        try writer.append(chunk("torn"))
        let end = writer.position.offset
        for length in (whole + 1)..<end {
            truncate(files.segment(1), off_t(length))
            let (chunks, tail) = try readAll()

            #expect(chunks == [chunk("whole")])
            #expect(tail == .torn)
            try change(files.segment(1)) { $0 += [UInt8](repeating: 0, count: end - length) }
        }
    }

    @Test("A changed byte in a spool is damage; what stands before it is read")
    func noticesDamage() throws {
        var writer = try SpoolWriter(files: files, session: "s", segmentBytes: 1 << 20)
        try writer.append(chunk("whole"))
        let whole = writer.position.offset
        try writer.append(chunk("changed"))
        try change(files.segment(1)) { $0[whole + 30] ^= 1 }
        let (chunks, tail) = try readAll()

        #expect(chunks == [chunk("whole")])
        #expect(tail == .damaged)
    }

    @Test("A reader that has read all gets what is appended later")
    func followsGrowth() throws {
        var writer = try SpoolWriter(files: files, session: "s", segmentBytes: 60)
        var reader = SpoolReader(files: files)
        #expect(try reader.next().chunks.isEmpty)
        for number in 0..<5 {
            try writer.append(chunk("\(number)"))
            #expect(try reader.next().chunks.map(\.chunk) == [chunk("\(number)")])
            #expect(try reader.next().chunks.isEmpty)
        }
    }

    @Test("A chunk larger than what is read at once is read whole")
    func readsLargeChunk() throws {
        var writer = try SpoolWriter(files: files, session: "s", segmentBytes: 1 << 20)
        try writer.append(chunk(String(repeating: "x", count: 5000)))

        #expect(try readAll().chunks.first?.bytes.count == 5000)
    }

    @Test("A process is told from another that has its pid")
    func identifiesProcess() throws {
        let own = try #require(ProcessIdentity(of: getpid()))

        #expect(own.isAlive)
        #expect(
            !ProcessIdentity(pid: own.pid, startTime: own.startTime + 1, boot: own.boot).isAlive)
        #expect(!ProcessIdentity(pid: own.pid, startTime: own.startTime, boot: "other").isAlive)
    }
}
