import Foundation

@testable import SkepForge

/// The git program as somebody at a terminal uses it.
struct Git: Sendable {
    let folder: String

    @discardableResult
    func callAsFunction(_ arguments: String..., mayFail: Bool = false) async throws -> String {
        let output = try await Self.run(["-C", folder] + arguments)
        guard mayFail || output.isSuccess else {
            throw ForgeError.gitFailed(
                command: arguments.joined(separator: " "), message: output.errors)
        }
        return output.isSuccess ? output.line : output.errors
    }

    static func run(_ arguments: [String]) async throws -> GitCommand.Output {
        try await GitCommand.find().run(
            arguments, purpose: "test",
            environment: [
                "GIT_AUTHOR_NAME": "Dee", "GIT_AUTHOR_EMAIL": "dee@example.org",
                "GIT_COMMITTER_NAME": "Dee", "GIT_COMMITTER_EMAIL": "dee@example.org",
            ])
    }

    static func clone(_ source: String, to folder: String) async throws -> Git {
        let output = try await run(["clone", "--quiet", source, folder])
        guard output.isSuccess else {
            throw ForgeError.gitFailed(command: "clone", message: output.errors)
        }
        return Git(folder: folder)
    }

    func write(_ text: String, to file: String) throws {
        let path = folder + "/" + file
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    /// Commits a file on a branch, which is made from the current one if it isn't there.
    func commit(_ text: String, to file: String, on branch: String, message: String = "Change")
        async throws
    {
        _ = try await self("checkout", "-q", "-B", branch)
        try write(text, to: file)
        try await self("add", "-A")
        try await self("commit", "-q", "-m", message)
    }
}
