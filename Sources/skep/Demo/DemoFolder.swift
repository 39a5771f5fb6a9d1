import SkepCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The folder in which everything of a demo is: tracker, configuration, agents, state.
struct DemoFolder: Sendable {
    let path: String

    var configuration: String { path + "/skep.yaml" }
    var forge: String { path + "/forge" }
    var state: StateFolder { StateFolder(path: path + "/state") }
    var bundle: String { path + "/larder.bundle" }
    private var token: String { path + "/token" }
    private var programs: String { path + "/programs" }

    /// Stands at the top of the configuration, so that a demo's folder is known again.
    private static let mark = "# Written by \"skep demo\".\n"

    /// Makes the folder, or takes the one of an earlier demo and clears it.
    ///
    /// - Parameters:
    ///   - named: `nil`: a new temporary one, where the agents' user can get to as well.
    /// - Throws: `ProgramError` when the folder holds something else.
    init(_ named: String?, surroundings: Surroundings) throws {
        if let named {
            path = surroundings.path(named, in: surroundings.workingFolder)
            try Self.clear(path)
        } else {
            var template = Array("/var/tmp/skep-demo-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                throw ProgramError(
                    .unavailable, "Can't make a folder in /var/tmp.",
                    why: StateFolder.reason(errno) + ".", advice: "Name one with --folder.")
            }
            path = template.withUnsafeBufferPointer { buffer in
                buffer.baseAddress.map { String(cString: $0) } ?? ""
            }
        }
        if surroundings.isRoot { chmod(path, 0o755) }
    }

    private static func clear(_ path: String) throws {
        let manager = FileManager.default
        if manager.fileExists(atPath: path) {
            let names = (try? manager.contentsOfDirectory(atPath: path)) ?? []
            let settings = manager.contents(atPath: path + "/skep.yaml") ?? Data()
            guard names.isEmpty || settings.starts(with: Data(mark.utf8)) else {
                throw ProgramError(
                    .conflict, "\"\(path)\" isn't the folder of a demo, and not empty.",
                    advice: "Name another with --folder, or one that doesn't exist.")
            }
            if ServeLock.holder(StateFolder(path: path + "/state")) != nil {
                throw ProgramError(
                    .conflict, "A demo is at work in \"\(path)\".", advice: "Stop it first.")
            }
            for name in names {
                try wrap(path) { try manager.removeItem(atPath: path + "/" + name) }
            }
        }
        try wrap(path) {
            try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
    }

    /// Writes what a person would: configuration, agents, workflow.
    func write(port: Int, repository: RepositoryName, token secret: Secret) throws {
        try write(token, secret.value + "\n", mode: 0o600)
        try write(
            configuration,
            Self.mark + """
                # Commands started in this folder find it: skep run list, skep run log 1, …

                tracker:
                  kind: gitea
                  url: http://127.0.0.1:\(port)
                  token_file: \(token)
                repositories:
                  - \(repository)
                state: state
                worker: {slots: \(DemoCase.all.count)}
                dispatch: {poll_seconds: 5}
                log: {level: warning}

                """)
        try write(
            path + "/workflows/demo.md",
            """
            ---
            name: demo
            agents: {by: [label]}
            steps:
              - {name: work, kind: agent, failures: 1}
              - {name: checks, kind: commands, run: [sh tests/run.sh]}
              - {name: publish, kind: publish}
            ---
            Resolve issue #{{ issue.number }}: {{ issue.title }}

            {{ issue.body }}

            """)
        for demo in DemoCase.all { try write(demo) }
        try write(bundle, bytes: PackageResources.demo_repository_bundle, mode: 0o644)
    }

    private func write(_ demo: DemoCase) throws {
        var settings = "name: \(demo.agent)\n"
        if let program = demo.program {
            let file = "\(programs)/\(demo.agent).sh"
            try write(file, bytes: program, mode: 0o755)
            settings += "adapter: command\ncommand: [sh, \(file)]\n"
        }
        try write(
            "\(path)/agents/\(demo.agent).md",
            "---\n\(settings)\(demo.settings)---\n\(demo.instructions)\n")
    }

    private func write(_ file: String, _ text: String, mode: mode_t = 0o644) throws {
        try write(file, bytes: Array(text.utf8), mode: mode)
    }

    private func write(_ file: String, bytes: [UInt8], mode: mode_t) throws {
        let parent = String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)])
        try Self.wrap(file) {
            try FileManager.default.createDirectory(
                atPath: parent, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(fileURLWithPath: file))
        }
        chmod(file, mode)
        // Whatever the mask is, the agents' user has to get to its program.
        if parent != path { chmod(parent, 0o755) }
    }

    private static func wrap(_ path: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            throw ProgramError(
                .unavailable, "Can't write to \"\(path)\".",
                why: StateFolder.reason(of: error) + ".",
                advice: "Name another folder with --folder.")
        }
    }
}
