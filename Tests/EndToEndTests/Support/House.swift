import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A tracker with a repository, a configuration and a state folder, all in one temporary folder,
/// and the processes that a test starts there.
final class House {
    static let repository = "ann/tool"

    let folder: String
    let tracker: TrackerClient
    private let environment: [String: String]
    private var children: [ChildProcess] = []
    private var count = 0

    /// Furnishes a house, runs `body` in it, and ends and removes everything.
    static func with(
        agents: [String: String], workflow: String = Texts.workflow(),
        files: [String: String]? = ["README.md": "# tool\n"],
        environment: [String: String] = [:], _ body: (House) async throws -> Void
    ) async throws {
        let house = try await House(
            agents: agents, workflow: workflow, files: files, environment: environment)
        do {
            try await body(house)
        } catch {
            let logs = house.logs
            await house.close()
            throw ChildProcess.Failed(description: "\(error)\n\(logs)")
        }
        let left = await house.close()
        guard left.isEmpty else {
            throw ChildProcess.Failed(description: "left running: \(left)")
        }
    }

    private init(
        agents: [String: String], workflow: String, files: [String: String]?,
        environment more: [String: String]
    ) async throws {
        // Short, since sockets below it may have 100 bytes only, and not what is being tested.
        var template = Array("/tmp/skep-e2e-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let folder = made else { throw ChildProcess.Failed(description: "no folder in /tmp") }
        self.folder = folder
        let port = try LoopbackPort.free()
        let base = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
            "HOME": folder + "/home", "LANG": "C.UTF-8", "NO_COLOR": "1",
        ].merging(more) { _, new in new }
        try FileManager.default.createDirectory(
            atPath: folder + "/home", withIntermediateDirectories: true)

        // The tracker: accounts, a token, a repository.
        let data = ["--data", folder + "/forge"]
        func forge(_ arguments: String...) async throws -> String {
            try await Self.run(
                try Programs.skep, ["forge"] + arguments + data, folder: folder, environment: base)
        }
        let said = try await forge("user", "add", "skep", "--admin")
        let token = said.split(separator: "\n").last.map(String.init) ?? ""
        _ = try await forge("user", "add", "ann")
        _ = try await forge("user", "add", "robot")
        if let files {
            try await Self.makeRepository(files, at: folder + "/source", environment: base)
            _ = try await forge("repo", "add", Self.repository, "--from", folder + "/source")
        } else {
            _ = try await forge("repo", "add", Self.repository)
        }
        tracker = TrackerClient(url: "http://127.0.0.1:\(port)", token: token)
        environment = base.merging(["E2E_TOKEN": token]) { _, new in new }

        try write("skep.yaml", Texts.configuration(url: tracker.url, folder: folder))
        for (name, text) in agents { try write("agents/\(name).md", text) }
        try write("workflows/test.md", workflow)
        try start(["forge", "serve", "--port", "\(port)"] + data)
        try await wait(for: "the tracker to listen", seeing: { self.logs }) {
            LoopbackPort.listens(port)
        }
        try await skep("init")
    }

    func write(_ name: String, _ text: String) throws {
        let path = folder + "/" + name
        let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    func read(_ name: String) -> String {
        let bytes = FileManager.default.contents(atPath: folder + "/" + name) ?? Data()
        return String(decoding: bytes, as: UTF8.self)
    }

    // Commands

    struct Done {
        let status: Int32
        /// Both streams, as a person sees them.
        let text: String
    }

    /// Runs a command to its end, whatever that is.
    func attempt(_ arguments: String...) async throws -> Done { try await attempt(arguments) }

    /// `skep check`, with variables taken out of its environment.
    func check(without variables: [String] = []) async throws -> Done {
        try await attempt(["check"] + rootFlags, without: variables)
    }

    private func attempt(_ arguments: [String], without variables: [String] = []) async throws
        -> Done
    {
        count += 1
        let environment = environment.filter { !variables.contains($0.key) }
        let child = try ChildProcess(
            try Programs.skep, arguments, in: folder, environment: environment,
            output: "\(folder)/command-\(count).out")
        let ending = try await child.end()
        guard case .exited(let status) = ending else {
            throw ChildProcess.Failed(description: "skep \(arguments): \(ending)\n\(child.text)")
        }
        return Done(status: status, text: child.text)
    }

    /// Runs a command that has to succeed.
    @discardableResult
    func skep(_ arguments: String...) async throws -> String {
        count += 1
        let child = try ChildProcess(
            try Programs.skep, arguments, in: folder, environment: environment,
            output: "\(folder)/command-\(count).out")
        let ending = try await child.end()
        guard ending == .exited(0) else {
            throw ChildProcess.Failed(
                description: "skep \(arguments.joined(separator: " ")): \(ending)\n\(child.text)")
        }
        return child.text
    }

    /// Starts `skep serve` and waits until it works.
    ///
    /// - Parameter lack: What its kernel seems not to have, as `lacking.py` names it.
    @discardableResult
    func serve(lacking lack: String? = nil) async throws -> ChildProcess {
        let child = try start(["serve"] + rootFlags, lacking: lack)
        try await wait(for: "skep serve to be ready", seeing: { child.text }) {
            if let ending = child.poll() {
                throw ChildProcess.Failed(description: "skep serve: \(ending)\n\(child.text)")
            }
            return self.read("state/run/serve.lock").contains("\(child.pid) ")
                && self.read("state/run/serve.lock").contains(" ready")
        }
        return child
    }

    /// As root agents run as another user, who may not get to the folder that holds these programs;
    /// so they run as root here. The demo's test has them run as they should.
    var rootFlags: [String] { geteuid() == 0 ? ["--allow-root"] : [] }

    @discardableResult
    func start(_ arguments: [String], lacking lack: String? = nil) throws -> ChildProcess {
        count += 1
        let program = try Programs.skep
        let around = lack.map { [Self.lacking, $0, "--", program] }
        let child = try ChildProcess(
            around == nil ? program : "/usr/bin/python3", (around ?? []) + arguments,
            in: folder, environment: environment,
            output: "\(folder)/\(arguments[0])-\(count).log")
        children.append(child)
        return child
    }

    private static let lacking = URL(filePath: #filePath)
        .appending(path: "../../../SkepAgentsTests/Fixtures/lacking.py").standardizedFileURL.path

    // Looking

    struct Run {
        let id: Int
        let state: String
        let issue: String
        let agent: String
        let branch: String
        let detail: String
        let pull: Int?
        let head: String?
        var number: Int { Int(issue.split(separator: "#").last ?? "") ?? 0 }
    }

    func runs() async throws -> [Run] {
        let text = try await attempt("run", "list", "--json").text
        guard let list = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
        else { throw ChildProcess.Failed(description: "no list of runs: \(text)") }
        return list.map { run in
            Run(
                id: run["id"] as? Int ?? 0, state: run["state"] as? String ?? "",
                issue: run["issue"] as? String ?? "", agent: run["agent"] as? String ?? "",
                branch: run["branch"] as? String ?? "",
                detail: run["closing_detail"] as? String ?? "",
                pull: (run["pull_request"] as? [String: Any])?["number"] as? Int,
                head: run["head"] as? String)
        }
    }

    static let closed: Set<String> = ["published", "no_changes", "failed", "cancelled"]

    /// Waits until so many runs are closed and everything they had to say is posted.
    func settled(_ number: Int, within limit: Duration = .seconds(120)) async throws -> [Run] {
        var runs: [Run] = []
        try await wait(for: "\(number) runs to be closed", within: limit, every: .milliseconds(250))
        {
            runs = try await self.runs()
            return runs.count >= number && runs.allSatisfy { Self.closed.contains($0.state) }
        }
        try await wait(for: "the reports to be posted", within: limit, every: .milliseconds(250)) {
            try await self.unfinishedJobs() == 0
        }
        return runs.sorted { $0.id < $1.id }
    }

    func unfinishedJobs() async throws -> Int {
        let text = try await skep("queue", "list", "--json", "--limit", "1000")
        let list = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
        return (list ?? []).count {
            ["scheduled", "ready", "leased"].contains($0["state"] as? String ?? "")
        }
    }

    /// Comments of Skep's on an issue, without their markers.
    func comments(_ issue: Int) async throws -> [String] {
        try await tracker.comments(issue, in: Self.repository)
    }

    /// What every process has printed.
    var logs: String {
        children.map { "== \($0.output)\n" + String($0.text.suffix(6000)) }.joined(separator: "\n")
    }

    // Ending

    /// Ends what was started; answers with what was left running besides, which it ends too.
    @discardableResult
    func close() async -> [String] {
        for child in children.reversed() { await child.stop() }
        children = []
        var left: [String] = []
        for _ in 0..<100 {
            left = strays().map(\.words)
            if left.isEmpty { break }
            try? await Task.sleep(for: .milliseconds(50))
        }
        for stray in strays() { kill(stray.pid, SIGKILL) }
        if ProcessInfo.processInfo.environment["SKEP_E2E_KEEP"] == nil {
            try? FileManager.default.removeItem(atPath: folder)
        }
        return left
    }

    /// Processes whose command line or working folder lies in this house.
    fileprivate func strays() -> [(pid: pid_t, words: String)] {
        let manager = FileManager.default
        let names = (try? manager.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { name in
            guard let pid = pid_t(name), pid != getpid() else { return nil }
            let words = String(
                decoding: manager.contents(atPath: "/proc/\(name)/cmdline") ?? Data(),
                as: UTF8.self
            ).replacing("\0", with: " ")
            let place =
                (try? manager.destinationOfSymbolicLink(atPath: "/proc/\(name)/cwd")) ?? ""
            let isHere = words.contains(folder + "/") || place.hasPrefix(folder + "/")
            return isHere && !words.isEmpty ? (pid, words) : nil
        }
    }
}

extension House {
    private static func run(
        _ program: String, _ arguments: [String], folder: String, environment: [String: String]
    ) async throws -> String {
        let output = folder + "/setup.out"
        try? FileManager.default.removeItem(atPath: output)
        let child = try ChildProcess(
            program, arguments, in: folder, environment: environment, output: output)
        guard try await child.end() == .exited(0) else {
            throw ChildProcess.Failed(
                description: "\(arguments.joined(separator: " ")):\n\(child.text)")
        }
        return child.text
    }

    /// Made with the git program, a second opinion on libgit2.
    private static func makeRepository(
        _ files: [String: String], at path: String, environment: [String: String]
    ) async throws {
        for (name, text) in files {
            let file = path + "/" + name
            let parent = String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)])
            try FileManager.default.createDirectory(
                atPath: parent, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        }
        let git = try Programs.system("git")
        let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        for arguments in [
            ["init", "--quiet", "--initial-branch=main"], ["add", "--all"],
            identity + ["commit", "--quiet", "--message", "Begin"],
        ] {
            _ = try await run(
                git, ["-C", path] + arguments, folder: path, environment: environment)
        }
    }
}

// What is going on inside

extension House {
    /// Processes of a program that have to do with this house.
    func processes(_ program: String) -> [pid_t] {
        strays().filter { stray in
            let executable =
                (try? FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/\(stray.pid)/exe"))
                ?? ""
            return executable.hasSuffix("/" + program)
                || stray.words.split(separator: " ").first?.hasSuffix(program) == true
        }.map(\.pid)
    }

    /// The text of a file of this name in any workspace.
    func file(_ name: String) -> String? {
        let root = folder + "/state/workspaces"
        guard let files = FileManager.default.enumerator(atPath: root) else { return nil }
        for case let path as String in files where path.hasSuffix("/" + name) {
            return FileManager.default.contents(atPath: root + "/" + path)
                .map { String(decoding: $0, as: UTF8.self) }
        }
        return nil
    }

    func hasFile(_ name: String) -> Bool { file(name) != nil }

    /// The refs of Skep's mirror, as the git program sees them.
    func refs(_ prefix: String) async throws -> [String] {
        let text = try await git(["for-each-ref", "--format=%(refname)", prefix], in: mirror)
        return (text ?? "").split(separator: "\n").map(String.init)
    }

    /// A file's text in Skep's mirror; `nil` when it isn't there.
    func kept(_ file: String, at ref: String) async throws -> String? {
        try await git(["show", "\(ref):\(file)"], in: mirror)
    }

    private var mirror: String {
        let root = folder + "/state/mirrors"
        let files = FileManager.default.enumerator(atPath: root)
        while let path = files?.nextObject() as? String {
            if path.hasSuffix(".git") { return root + "/" + path }
        }
        return root
    }

    /// A file's text in the tracker's repository, at a branch or commit; `nil` when it isn't there.
    func published(_ file: String, at commit: String) async throws -> String? {
        try await git(
            ["show", "\(commit):\(file)"], in: "\(folder)/forge/repositories/\(Self.repository).git"
        )
    }

    private func git(_ arguments: [String], in repository: String) async throws -> String? {
        let output = folder + "/git.out"
        try? FileManager.default.removeItem(atPath: output)
        let child = try ChildProcess(
            try Programs.system("git"), ["-c", "safe.directory=*", "-C", repository] + arguments,
            in: folder, environment: ["PATH": "/usr/bin:/bin", "HOME": folder], output: output)
        return try await child.end() == .exited(0) ? child.text : nil
    }
}
