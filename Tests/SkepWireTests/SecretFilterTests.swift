import SkepWire
import Testing

@Suite("The secret filter")
struct SecretFilterTests {
    private let secrets = [
        "sk-live-0123456789abcdef", "p\"ass\\wörd/+~\n7", "aaaaaa", "aabaab-aab",
    ]

    private func filtered(_ text: [UInt8], cuts: [Int] = []) throws -> String {
        var filter = SecretFilter(try #require(SecretPatterns(secrets)))
        var found: [UInt8] = []
        var start = 0
        for end in cuts + [text.count] where end >= start {
            found += filter.take(Array(text[start..<end]))
            start = end
        }
        return String(decoding: found + filter.finish(), as: UTF8.self)
    }

    @Test("A secret is taken out wherever it is split")
    func findsSplitSecrets() throws {
        for secret in secrets {
            let text = Array("before \(secret) after\n".utf8)
            for cut in 0...text.count {
                #expect(try filtered(text, cuts: [cut]) == "before [secret] after\n")
            }
        }
    }

    @Test("One that begins with a line's end holds back the end of no line")
    func letsLinesThrough() throws {
        var filter = SecretFilter(try #require(SecretPatterns(["\nabcdefgh\n"])))

        #expect(filter.take(Array("{}\n".utf8)) == Array("{}\n".utf8))
        #expect(
            filter.take(Array("abcdefgh\n".utf8)) + filter.finish() == Array("[secret]\n".utf8))
    }

    @Test("A secret is taken out in every form, with anything around it, split anyhow")
    func findsForms() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let secret = try #require(secrets.randomElement(using: &generator))
            let bytes = Array(secret.utf8)
            let around = (0..<2).map { _ in
                (0..<Int.random(in: 0...7, using: &generator)).map { _ in UInt8(ascii: "z") }
            }
            let encoded = Self.base64(around[0] + bytes + around[1])
            // What is left holds no more than the neighbours' own characters.
            let first = (8 * around[0].count + 5) / 6
            let end = 8 * (around[0].count + bytes.count) / 6
            for (form, most) in [(encoded, first + encoded.count - end), (Self.hex(bytes), 0)] {
                let cuts = (0..<4).map { _ in Int.random(in: 0...form.count, using: &generator) }
                let found = try filtered(form, cuts: cuts.sorted())
                #expect(found.contains("[secret]"), "\(String(decoding: form, as: UTF8.self))")
                #expect(found.utf8.count - "[secret]".utf8.count <= most, "\(found)")
            }
        }
    }

    @Test(
        "JSON and addresses hide nothing",
        arguments: [
            #"p\"ass\\wörd/+~\n7"#, #"p\"ass\\w\u00f6rd/+~\n7"#, #"p\\\"ass\\\\wörd/+~\\n7"#,
            "p%22ass%5Cw%C3%B6rd%2F%2B~%0A7", "p%22ass%5cw%c3%b6rd%2f%2b~%0a7",
        ])
    func findsEscaped(form: String) throws {
        #expect(try filtered(Array("<\(form)>".utf8)) == "<[secret]>")
    }

    @Test("Secrets in each other and side by side leave nothing behind")
    func findsOverlapping() throws {
        #expect(try filtered(Array("xaaaaaaaaaay".utf8)) == "x[secret]y")
        #expect(try filtered(Array("aaaaaaaabaab-aabaab-aab!".utf8)) == "[secret]!")
    }

    @Test("All else comes through as it was, whatever it is")
    func keepsTheRest() throws {
        var generator = SystemRandomNumberGenerator()
        let patterns = try #require(SecretPatterns(secrets))
        for _ in 0..<50 {
            // Letters that keep almost beginning a secret.
            let text = (0..<2000).map { _ in
                Array("sk-live0ab\n".utf8).randomElement(using: &generator)!  // not empty
            }
            let isClean = !String(decoding: text, as: UTF8.self).contains("aaaaaa")
            var filter = SecretFilter(patterns)
            var found: [UInt8] = []
            for byte in text { found += filter.take([byte]) }
            found += filter.finish()
            if isClean { #expect(found == text) }
        }
    }

    @Test("A line's end decides at once")
    func decidesAtLineEnd() throws {
        var filter = SecretFilter(try #require(SecretPatterns(["secret-of-mine"])))

        #expect(filter.take(Array("a secret-of".utf8)) == Array("a ".utf8))
        #expect(filter.take(Array("\n".utf8)) == Array("secret-of\n".utf8))
    }

    @Test(
        "A secret in base64 or hex is found across the ends of lines, however they are written",
        arguments: ["\n", "\r\n", #"\n"#, #"\r\n"#, #"\\n"#], [5, 60, 64, 76])
    func findsWrapped(end: String, width: Int) throws {
        let secret = "sk-ant-" + String(repeating: "nN7f/x", count: 20)
        for before in 0..<6 {
            let bytes = [UInt8](repeating: UInt8(ascii: "z"), count: before) + Array(secret.utf8)
            for form in [Self.base64(bytes), Self.hex(bytes)] {
                var lines: [String] = []
                for start in stride(from: 0, to: form.count, by: width) {
                    let line = form[start..<min(start + width, form.count)]
                    lines.append(String(decoding: line, as: UTF8.self))
                }
                let text = Array("{\"a\": \"\(lines.joined(separator: end))\"}".utf8)
                var filter = SecretFilter(try #require(SecretPatterns([secret])))
                var found: [UInt8] = []
                for byte in text { found += filter.take([byte]) }
                found += filter.finish()

                let left = String(decoding: found, as: UTF8.self)
                #expect(left.hasPrefix("{\"a\": \"") && left.hasSuffix("\"}"))
                #expect(left.contains("[secret]"))
                // The neighbours' characters, and what one in base64 shares with them.
                #expect(
                    left.utf8.count <= 9 + 2 + 8 + 2 * before + 12 + 3 * end.utf8.count, "\(left)")
            }
        }
    }

    @Test("What only looks like a broken secret comes through as it was, and soon")
    func keepsBrokenLines() throws {
        let encoded = String(decoding: Self.base64(Array("sk-live-0123456789".utf8)), as: UTF8.self)
        let beginning = encoded.prefix(9)
        for end in ["\n\nx", #"\\\nx"#, #"\x"#, "\\", "\r\r", #"\n\"#, "\n"] {
            let text = Array("\(beginning)\(end)".utf8)
            var filter = SecretFilter(try #require(SecretPatterns(["sk-live-0123456789"])))
            var found: [UInt8] = []
            for byte in text { found += filter.take([byte]) }
            #expect(found + filter.finish() == text)
        }
        var filter = SecretFilter(try #require(SecretPatterns(["sk-live-0123456789"])))
        let flood = Array((beginning + String(repeating: "\n", count: 1000)).utf8)
        #expect(filter.take(flood).count == flood.count)
    }

    @Test("The white space around a secret isn't part of it, and of a key each line counts")
    func findsPieces() throws {
        let key = """
            -----BEGIN KEY-----
            MIIEpAIBAAKCAQEA0123456789
            abcdefghijklmnopqrstuvwxyz
            -----END KEY-----
            """
        let patterns = try #require(SecretPatterns(["hunter2-hunter2\r\n", key]))
        func left(_ text: String) -> String {
            String(decoding: SecretFilter.redact(Array(text.utf8), patterns), as: UTF8.self)
        }

        #expect(left("{\"key\": \"hunter2-hunter2\"}") == "{\"key\": \"[secret]\"}")
        #expect(left("2: MIIEpAIBAAKCAQEA0123456789") == "2: [secret]")
        #expect(left("-----BEGIN KEY-----") == "-----BEGIN KEY-----")
    }

    @Test("Short values aren't secrets")
    func passesOverShortOnes() {
        #expect(SecretPatterns(["", "12345"]) == nil)
    }

    @Test("A request is kept without values, and without secrets among its arguments")
    func redactsRequest() {
        let request = LaunchRequest(
            session: "1", program: "/bin/agent", arguments: ["agent", "--key=open-sesame"],
            environment: ["KEY": "open-sesame"], directory: "/", secrets: ["open-sesame"])

        #expect(request.redacted.arguments == ["agent", "--key=[secret]"])
        #expect(request.redacted.environment == ["KEY": ""])
        #expect(request.redacted.secrets.isEmpty)
    }

    private static func hex(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            let digits = String(byte, radix: 16)
            return Array((digits.count == 1 ? "0" + digits : digits).utf8)
        }
    }

    private static func base64(_ bytes: [UInt8]) -> [UInt8] {
        let letters = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var encoded: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = Array(bytes[start..<min(start + 3, bytes.count)])
            let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[$1]) : 0) }
            for index in 0..<4 {
                encoded.append(
                    index <= group.count
                        ? letters[bits >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
            }
        }
        return encoded
    }
}
