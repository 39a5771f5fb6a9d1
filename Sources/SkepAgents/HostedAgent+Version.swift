import SkepCore
import SkepGit
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension HostedAgent {
    /// It is asked as it works: in its sandbox, and on a leash that ends all it starts. A program that
    /// doesn't know the option may begin to work.
    func version() async -> String? {
        guard adapter.hasVersion, (try? house.checkUser()) != nil,
            let folder = try? Self.makeFolder()
        else { return nil }
        defer {
            // What it put there may be anything.
            try? Folder(folder).removeAll()
            rmdir(folder)
        }
        return try? await version(folder)
    }

    private func version(_ folder: String) async throws -> String? {
        let home = folder + "/home"
        _ = try OwnHome(home, of: house.user)
        let variables = plainEnvironment(home)
        let program = try program(in: variables)
        var limits = LaunchRequest.Limits(
            agent: definition.limits, grace: .zero, folders: [home])
        limits.wallMS = 5000
        limits.outputBytes = 64 << 10
        var request = LaunchRequest(
            session: AgentHouse.marker("version"), program: program,
            arguments: [word(for: program), "--version"], environment: variables,
            directory: home, user: house.user?.launchUser, limits: limits)
        request.shutIn(
            SandboxPlan(
                policy: definition.sandbox, isReadOnly: false,
                places: SandboxPlan.Places(
                    workspace: home, output: home, home: home,
                    given: adapter.commandFiles, houses: house.hidden,
                    loginHome: house.loginHome, otherHomes: [house.operatorHome], links: [],
                    logins: [], program: program, searchPath: variables["PATH"] ?? "")
            ).sandbox)
        let host = SessionHost(folder: folder + "/session", program: house.host)
        try FileStatus.makeFolder(host.folder, mode: 0o711)
        try await host.start(request)
        // Ended below also when nobody wants to know any more.
        _ = try? await host.waitUntilOver()
        guard case .exited(code: 0) = try await host.end(grace: .zero).how else { return nil }
        let line = try host.tail(limit: 64 << 10, of: [.output]).split(whereSeparator: \.isNewline)
            .first.map(String.init)
        return line.flatMap { $0.contains(where: \.isNumber) ? $0 : nil }
    }

    /// Where the agents' user can get to as well.
    private static func makeFolder() throws(AgentsError) -> String {
        var template = Array("/var/tmp/skep-version-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .sessionFiles(text: "\"/var/tmp\": \(describe(errno: errno))")
        }
        let path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o711)
        return path
    }
}
