import Foundation
import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("Documents of agents")
struct ReviewDocumentTests {
    private func read(_ text: String) throws -> ReviewDocument {
        try OutputDocument.bytes(Array(text.utf8)).decoded(as: ReviewDocument.self)
    }

    private func mistake(_ text: String) -> String? {
        do {
            _ = try read(text)
            return nil
        } catch {
            return (error as? DocumentError)?.message ?? "\(error)"
        }
    }

    @Test("A verdict is read kindly: unknown keys, either word, no findings")
    func kindly() throws {
        let review = try read(
            """
            {"verdict": "Approved", "findings": null, "confidence": 0.9, "summary": " Fine.\\n"}
            """)

        #expect(review.verdict == .approved)
        #expect(review.summary == "Fine.")
        #expect(review.findings.isEmpty)
        #expect(
            try read(#"{"verdict": "request_changes", "summary": "Add tests."}"#).findings
                == [Finding(message: "Add tests.")])
    }

    @Test(
        "What is wrong with a verdict is said in words",
        arguments: [
            ("", "isn't JSON"), ("no", "isn't JSON"), ("[]", "must be an object"),
            ("{}", "\"verdict\" is missing"), (#"{"verdict": 1}"#, "\"verdict\" must be a text"),
            (#"{"verdict": "lgtm"}"#, "must be approve, request_changes or comment, not \"lgtm\""),
            (#"{"verdict": "request_changes"}"#, "asks for changes, and doesn't say which"),
            (#"{"verdict": "approve", "findings": {}}"#, "\"findings\" must be a list"),
            (
                #"{"verdict": "approve", "findings": [{"line": "12", "message": "x"}]}"#,
                "\"findings[0].line\" must be a whole number"
            ),
            (
                #"{"verdict": "approve", "findings": [{"path": "a"}]}"#,
                "\"findings[0].message\" is missing"
            ),
        ])
    func strictly(_ text: String, _ expected: String) {
        let message = mistake(text)
        #expect(message?.contains(expected) == true, "\(message ?? "nothing is wrong")")
    }

    @Test("Too many findings are none")
    func tooMany() {
        let findings = Array(repeating: #"{"message": "x"}"#, count: 101).joined(separator: ",")

        #expect(
            mistake(#"{"verdict": "comment", "findings": [\#(findings)]}"#)
                == "it has more than 100 findings")
        #expect(mistake(String(repeating: "[", count: 100_000)) != nil)
    }

    @Test("The prompt that is shipped for reviews is the one that is built in")
    func shippedPrompt() throws {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = repository.appendingPathComponent("workflows/review.md")
        let shipped = try String(contentsOf: file, encoding: .utf8)

        func words(_ text: String) -> [Substring] { text.split(whereSeparator: \.isWhitespace) }
        #expect(words(shipped) == words(ReviewPrompt.standard.source))
    }

    @Test("A document that isn't an ordinary small file isn't read")
    func hostileFiles() async throws {
        let manager = FileManager.default
        let folder = manager.temporaryDirectory.appendingPathComponent(
            "output-\(UInt32.random(in: 0 ... .max))")
        defer { try? manager.removeItem(at: folder) }
        try manager.createDirectory(at: folder, withIntermediateDirectories: true)
        let secret = folder.appendingPathComponent("secret")
        try Data(#"{"question": "token"}"#.utf8).write(to: secret)
        let workspace = Workspace(
            run: RunID(rawValue: 1), repository: .sample, path: "/",
            outputPath: folder.path, homePath: "/", base: .sample("0"), branch: "b")
        let file = folder.appendingPathComponent("output.json")

        func question() async -> String? {
            let document = await OutputDocument.read(in: workspace, .none)
            try? manager.removeItem(at: file)
            return try? document.decoded(as: QuestionDocument.self).question
        }

        #expect(await question() == nil)
        try manager.createSymbolicLink(at: file, withDestinationURL: secret)
        #expect(await question() == nil)
        try manager.linkItem(at: secret, to: file)
        #expect(await question() == nil)
        try manager.createDirectory(at: file, withIntermediateDirectories: true)
        #expect(await question() == nil)
        let padding = String(repeating: " ", count: 1 << 20)
        try Data((#"{"question": "long"}"# + padding).utf8).write(to: file)
        #expect(await question() == nil)
        try Data(#"{"question": "short"}"#.utf8).write(to: file)
        #expect(await question() == "short")
    }
}
