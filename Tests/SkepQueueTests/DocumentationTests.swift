import Foundation
import Testing

@Suite("The queue's documentation")
struct DocumentationTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("Each example stands in the tests, too, word for word")
    func examplesAreTested() throws {
        let tests = Self.root.appending(path: "Tests/SkepQueueTests/DocumentedExamples.swift")
        let known = Self.withoutSpace(try String(contentsOf: tests, encoding: .utf8))
        var count = 0
        for page in try Self.pages() {
            for paragraph in Self.examples(in: try String(contentsOf: page, encoding: .utf8)) {
                count += 1
                #expect(
                    known.contains(Self.withoutSpace(paragraph)),
                    "\(page.lastPathComponent) has an example that isn't tested:\n\(paragraph)")
            }
        }
        #expect(count > 20)
    }

    private static func pages() throws -> [URL] {
        let folder = root.appending(path: "Sources/SkepQueue/SkepQueue.docc")
        let articles = try FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil
        ).filter { $0.pathExtension == "md" }
        return articles + [root.appending(path: "docs/queue.md")]
    }

    /// The paragraphs of a page's Swift blocks, without their imports.
    private static func examples(in page: String) -> [String] {
        page.components(separatedBy: "```swift\n").dropFirst().flatMap { block in
            let code = block.components(separatedBy: "\n```")[0]
            let lines = code.components(separatedBy: "\n").filter { !$0.hasPrefix("import ") }
            return lines.joined(separator: "\n").components(separatedBy: "\n\n")
                .filter { !withoutSpace($0).isEmpty }
        }
    }

    /// How a line is broken doesn't matter.
    private static func withoutSpace(_ text: String) -> String {
        text.filter { !$0.isWhitespace }
    }
}
