import Foundation
import Testing

extension EndToEnd {
    @Suite("The demo", .serialized)
    struct DemoTests {
        @Test("skep demo ends with every outcome as it has to be, twice in one folder")
        func demoEndsWell() async throws {
            let folder = "/var/tmp/skep-e2e-\(ProcessInfo.processInfo.processIdentifier)-demo"
            let outputs = folder + "-output"
            defer {
                try? FileManager.default.removeItem(atPath: folder)
                try? FileManager.default.removeItem(atPath: outputs)
            }
            try FileManager.default.createDirectory(
                atPath: outputs, withIntermediateDirectories: true)
            for turn in 1...2 {
                let demo = try ChildProcess(
                    try Programs.skep, ["demo", "--folder", folder], in: "/",
                    environment: [
                        "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
                        "HOME": outputs, "LANG": "C.UTF-8",
                    ], output: "\(outputs)/\(turn)")

                let ending = try await demo.end(within: .seconds(240))

                #expect(ending == .exited(0), "\(demo.text)")
                for words in [
                    "ISSUE", "patch/issue-1", "mender/issue-2", "no changes", "exit status 3",
                    "out of time", "Nothing is left running",
                ] {
                    #expect(demo.text.contains(words), "no \"\(words)\" in:\n\(demo.text)")
                }
            }
        }
    }
}
