import SkepTestSupport
import SkepWire
import Testing

@testable import SkepAgents

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("A dialogue through the host")
struct HostDialogueTests {
    private let fixture = HostFixture()

    private func start(_ script: String) async throws {
        var request = fixture.request(script)
        request.hasDialogue = true
        try await fixture.host.start(request)
    }

    private func say(_ text: String, at offset: Int64 = 0, closes: Bool = false) async throws
        -> ControlReply
    {
        try #require(
            await fixture.host.say(offset: offset, bytes: Array(text.utf8), closes: closes))
    }

    private func notes() throws -> [Fields] {
        try fixture.chunks().filter { $0.stream == .note }.map { try Fields(decoding: $0.bytes) }
    }

    @Test("What is said is in the log, in front of the answer")
    func echoes() async throws {
        try await start("while read line; do echo got $line; done")
        let first = try await say("one\n")
        try await fixture.waitForOutput("got one")
        let second = try await say("two\n", at: 4, closes: true)
        let record = try await fixture.end()
        let streams = try fixture.chunks().map(\.stream)

        #expect(first.isAccepted && first.inputBytes == 4)
        #expect(second.isAccepted && second.inputBytes == 8)
        #expect(record.how == .exited(code: 0))
        #expect(try fixture.text() == "got one\ngot two\n")
        #expect(try fixture.text(.input) == "one\ntwo\n")
        #expect(streams.prefix(2) == [.input, .output])
        #expect(try notes().map { $0.string("input") } == ["closed"])
    }

    @Test("Of two who speak at once, one is heard")
    func comparesOffsets() async throws {
        try await start("cat")
        let replies = await withTaskGroup(of: ControlReply?.self) { group in
            for leader in 0..<8 {
                group.addTask { [host = fixture.host] in
                    await host.say(
                        offset: 0, bytes: Array("leader \(leader)\n".utf8), closes: false)
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        _ = try await say("", at: 9, closes: true)
        let late = await fixture.host.say(offset: 9, bytes: Array("late\n".utf8), closes: false)
        _ = try await fixture.end()

        #expect(replies.count { $0?.isAccepted == true } == 1)
        #expect(replies.allSatisfy { $0?.inputBytes == 9 })
        // No answer: it has ended already.
        #expect(late?.isAccepted != true)
        #expect(try fixture.printed() == fixture.printed(.input))
    }

    @Test("One and twenty megabytes go through", arguments: [1, 20])
    func saysMuch(megabytes: Int) async throws {
        try await start("cat")
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        var offset: Int64 = 0
        for number in 1...megabytes {
            // More than the host keeps waiting is refused until the agent has read some.
            try await eventually("piece \(number) is taken") {
                let reply = try #require(
                    await fixture.host.say(
                        offset: offset, bytes: piece, closes: number == megabytes))
                offset = reply.inputBytes
                return reply.isAccepted
            }
        }
        let record = try await fixture.end()

        #expect(record.outputBytes == Int64(megabytes) << 20)
        #expect(try fixture.printed(.input).count == megabytes << 20)
    }

    @Test("An agent that never reads stops nothing")
    func survivesDeafAgent() async throws {
        try await start("echo up; exec sleep 300")
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20)
        var offset: Int64 = 0
        while let reply = await fixture.host.say(offset: offset, bytes: piece, closes: false),
            reply.isAccepted
        {
            offset = reply.inputBytes
        }
        let status = await fixture.host.ask(.status)
        try await fixture.host.end(grace: .zero)

        #expect(offset >= 8 << 20 && offset <= 17 << 20)
        #expect(status?.agent != nil)
        #expect(try fixture.text() == "up\n")
    }

    @Test("An agent that closes its input is told nothing any more")
    func noticesClosedInput() async throws {
        try await start("exec 0<&-; echo up; exec sleep 300")
        try await eventually("the input is broken") {
            try notes().contains { $0.string("input") == "broken" }
        }
        let reply = try await say("hello\n")
        let mail = await fixture.host.mail("hello")
        try await fixture.host.end(grace: .zero)

        #expect(!reply.isAccepted)
        #expect(mail?.isAccepted == false)
        #expect(try fixture.text(.input) == "")
    }

    @Test("A message is one chunk of the log, where there is a dialogue")
    func keepsMail() async throws {
        try await start("cat")
        let reply = await fixture.host.mail("please\nhurry")
        _ = try await say("", closes: true)
        _ = try await fixture.end()
        let mail = try fixture.chunks().filter { $0.stream == .mail }

        #expect(reply?.isAccepted == true)
        #expect(mail.map { String(decoding: $0.bytes, as: UTF8.self) } == ["please\nhurry"])

        let other = HostFixture()
        try await other.host.start(other.request("exec sleep 300"))
        let refused = await other.host.mail("hello")
        try await other.host.end(grace: .zero)
        #expect(refused?.isAccepted == false)
    }

    @Test("The input isn't ended behind a message that its leader hasn't read")
    func comparesMail() async throws {
        try await start("cat")
        _ = await fixture.host.mail("wait")
        let early = await fixture.host.say(offset: 0, bytes: [], closes: true, mail: 0)
        let late = await fixture.host.say(offset: 0, bytes: [], closes: true, mail: 1)
        let refused = await fixture.host.mail("too late")
        _ = try await fixture.end()

        #expect(early?.isAccepted == false)
        #expect(late?.isAccepted == true)
        #expect(refused?.isAccepted != true)
    }

    @Test("Nobody is told that a message was taken by a session that is being stopped")
    func refusesMailAtEnd() async throws {
        try await start("trap '' INT TERM; echo up; while :; do sleep 0.1; done")
        try await fixture.waitForOutput("up")
        _ = await fixture.host.ask(.stop(graceMS: 300_000))
        let refused = await fixture.host.mail("too late")
        try await fixture.host.end(grace: .zero)

        #expect(refused?.isAccepted == false)
    }

    @Test("Followers are told of growth, and of the end when its record is there")
    func tellsFollowers() async throws {
        try await start("while read line; do echo got $line; done")
        let streams = (0..<5).map { _ in fixture.host.growth() }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for stream in streams {
                group.addTask { [fixture] in
                    for await _ in stream {
                        if try fixture.text().contains("got it") { break }
                    }
                    for await _ in fixture.host.growth() {}
                    guard case .ended = try fixture.host.state() else { return false }
                    return true
                }
            }
            _ = try await say("it\n")
            try await fixture.waitForOutput("got it")
            _ = try await say("", at: 3, closes: true)
            for try await sawEnd in group { #expect(sawEnd) }
        }
    }

    @Test("A host that hangs up is heard though there is still much to be read of it")
    func hearsHangUp() async throws {
        let listener = try UnixSocket.listen(at: fixture.host.files.control)
        let growth = fixture.host.growth()
        let caller = accept(listener, nil, nil)
        try Files.write([UInt8](repeating: 0, count: 64 << 10), to: caller, path: "caller")
        close(caller)
        close(listener)

        for await _ in growth {}
    }

    @Test("Secrets reach the agent, and nothing on the disk")
    func hidesSecrets() async throws {
        let secret = "open-sesame-40-thieves"
        let script = """
            read line; [ "$line" = "$KEY" ] && echo same
            echo "$KEY"; printf %s "$KEY" | base64; echo "$KEY" >&2
            printf %s open-ses; sleep 0.1; echo ame-40-thieves; printf open-sesa
            """
        var request = fixture.request(
            script, environment: ["PATH": "/usr/bin:/bin", "KEY": secret])
        request.hasDialogue = true
        request.secrets = [secret]
        request.arguments.append("--key=" + secret)
        try await fixture.host.start(request)
        _ = await fixture.host.mail("the key is " + secret)
        _ = try await say(secret + "\n", closes: true)
        _ = try await fixture.end()

        #expect(try fixture.text().hasPrefix("same\n[secret]\n[secret]"))
        #expect(try fixture.text().hasSuffix("[secret]\nopen-sesa"))
        #expect(try fixture.text(.error) == "[secret]\n")
        #expect(try fixture.text(.input) == "[secret]\n")
        #expect(try fixture.text(.mail) == "the key is [secret]")
        for name in FileStatus.names(in: fixture.host.folder) {
            let bytes = try? Files.read(fixture.host.folder + "/" + name)
            let text = String(decoding: bytes ?? [], as: UTF8.self)
            #expect(!text.contains(secret), "\(name)")
        }
    }
}
