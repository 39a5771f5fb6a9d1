@testable import SkepAgents
import SkepCore
import Testing

@Suite("JSON of agents")
struct JSONValueTests {
    @Test("What is written is read again, integers exactly")
    func readsWhatItWrites() {
        let value: JSONValue = [
            "a": [1, .integer(.max), .integer(.min), .number(2.5), true, .null],
            "b": ["c": "x\n\"\\\u{1}é😀"], "": [:],
        ]

        #expect(JSONValue(decoding: value.line) == value)
        #expect(!value.line.contains("\n"))
    }

    @Test("Escapes are read, half of a surrogate pair becomes the replacement character")
    func readsEscapes() {
        let text = #""\u00e9 \ud83d\ude00 \ud83d! \/\b\f\t \ude00""#

        #expect(JSONValue(decoding: text) == .text("é 😀 \u{FFFD}! /\u{8}\u{C}\t \u{FFFD}"))
    }

    @Test("A number that no integer holds is a number, one that nothing holds makes no document")
    func readsNumbers() {
        #expect(JSONValue(decoding: "9223372036854775808") == .number(9_223_372_036_854_775_808))
        #expect(JSONValue(decoding: "-0") == .integer(0))
        #expect(JSONValue(decoding: "1e3")?.integer == 1000)
        #expect(JSONValue(decoding: "1e999") == nil)
    }

    @Test(
        "What is no document is none",
        arguments: [
            "", " ", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "[1,]", "{,}", "01", "-",
            "+1",
            ".5", "1.", "1e", "nul", "tru", "\"", "\"\\", "\"\\u12", "\"\\x\"", "\"\u{1}\"",
            "{} {}",
            "{\"a\":1}x", "'a'", "{a:1}", "\u{FEFF}{}",
        ])
    func refuses(_ text: String) {
        #expect(JSONValue(decoding: text) == nil)
    }

    @Test("Text that isn't UTF-8 makes no document")
    func refusesBadText() {
        #expect(JSONValue(decoding: [0x22, 0xFF, 0x22]) == nil)
        #expect(JSONValue(decoding: [0x22, 0x5C, 0x6E, 0xC3, 0x22]) == nil)
        #expect(JSONValue(decoding: [0xED, 0xA0, 0x80]) == nil)
    }

    @Test("Of members with the same name the last one counts")
    func takesLastMember() {
        #expect(JSONValue(decoding: #"{"a":1,"a":2}"#)?["a"].integer == 2)
    }

    @Test("Lists in lists are read down to 200, and deeper ones refused")
    func limitsDepth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }

        #expect(JSONValue(decoding: nested(200)) != nil)
        #expect(JSONValue(decoding: nested(201)) == nil)
        #expect(JSONValue(decoding: String(repeating: "{\"a\":", count: 1_000_000)) == nil)
    }

    @Test("A document that ends anywhere is no other document")
    func refusesHalves() throws {
        let line = try #require(try DialogueLog.recorded("claude-run.jsonl").last)
        let bytes = Array(line.utf8)

        for count in 0..<bytes.count {
            #expect(JSONValue(decoding: Array(bytes[..<count])) == nil, "\(count) bytes")
        }
    }

    @Test("A step that isn't there is nothing")
    func answersSafely() {
        let value = JSONValue(decoding: #"{"a":[{"b":"c"}]}"#)

        #expect(value["a"][0]["b"].text == "c")
        #expect(value["a"][1]["b"].text == nil)
        #expect(value["a"]["b"][-1].text == nil)
    }

    @Test("Figures are never below nothing, and can be added up")
    func tamesFigures() {
        #expect(Optional(JSONValue.integer(-5)).count == 0)
        #expect(Optional(JSONValue.integer(.max)).count == 1 << 40)
        #expect(Optional(JSONValue.number(1e300)).money?.microdollars == 1 << 40)
        #expect(Optional(JSONValue.number(0.0192)).money?.microdollars == 19_200)
        #expect(JSONValue?.none.count == 0)
    }
}
