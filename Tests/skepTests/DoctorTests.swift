import Foundation
import SkepAgents
import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import skep

@Suite struct ReachTests {
    @Test("The first folder that is shut is named")
    func obstacle() throws {
        let folder = TemporaryFolder()
        let inner = folder.path + "/open/shut/inner"
        try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
        let reach = Reach(userID: 65_000, groupID: 65_000)
        chmod(folder.path, 0o711)
        #expect(reach.obstacle(to: inner) == nil)

        chmod(folder.path + "/open/shut", 0o700)

        #expect(reach.obstacle(to: inner) == folder.path + "/open/shut")
        #expect(reach.obstacle(to: folder.path + "/not/there") == nil)
        chmod(folder.path + "/open/shut", 0o755)
    }
}

@Suite struct ServeLockTests {
    /// What a second one is told, when it has waited long enough.
    private func refusal(_ state: StateFolder) async -> ProgramError? {
        let clock = ManualClock()
        let turning = Task {
            while !Task.isCancelled { clock.advance(by: .seconds(1)); await Task.yield() }
        }
        defer { turning.cancel() }
        return await #expect(throws: ProgramError.self) {
            _ = try await ServeLock(state, clock: clock)
        }
    }

    @Test("One serve works on a state folder; the second is told who does")
    func exclusive() async throws {
        let folder = TemporaryFolder()
        let state = StateFolder(path: folder.path)
        let clock = ManualClock()
        #expect(ServeLock.holder(state) == nil)
        let lock = try await ServeLock(state, clock: clock)
        #expect(ServeLock.holder(state)?.isReady == false)
        lock.markReady()
        #expect(ServeLock.holder(state)?.isReady == true)
        #expect(ServeLock.holder(state)?.processID == getpid())
        #expect(ServeLock.holder(state)?.isDemo == false)

        let error = await refusal(state)

        #expect(error?.kind == .conflict)
        #expect(error?.why == "It is process \(getpid()).")
        withExtendedLifetime(lock) {}
    }

    @Test("A demo is told from what can be restarted")
    func demo() async throws {
        let folder = TemporaryFolder()
        let state = StateFolder(path: folder.path)

        let lock = try await ServeLock(state, isDemo: true, clock: ManualClock())
        lock.markReady()

        let holder = ServeLock.holder(state)
        #expect(holder?.isReady == true)
        #expect(holder?.isDemo == true)
        let error = await refusal(state)
        #expect(error?.what.hasPrefix("A demo works on") == true)
        withExtendedLifetime(lock) {}
    }

    @Test("Who holds it can be read at any moment, also while that changes")
    func readsMeanwhile() async throws {
        let folder = TemporaryFolder()
        let state = StateFolder(path: folder.path)
        let lock = try await ServeLock(state, isDemo: true, clock: ManualClock())
        let writing = Task.detached { while !Task.isCancelled { lock.markReady() } }

        let holders = (0..<5000).map { _ in ServeLock.holder(state) }
        writing.cancel()
        await writing.value

        #expect(holders.allSatisfy { $0?.processID == getpid() && $0?.isDemo == true })
    }

    @Test("The lock goes with its holder")
    func released() async throws {
        let folder = TemporaryFolder()
        let state = StateFolder(path: folder.path)
        var lock: ServeLock? = try await ServeLock(state, clock: ManualClock())
        // As a process has it that is being started, until it executes its program.
        let copies = descriptors(of: state.serveLock).map { dup($0) }
        defer { copies.forEach { close($0) } }
        #expect(!copies.isEmpty)
        #expect(lock != nil)

        lock = nil

        #expect(ServeLock.holder(state) == nil)
        _ = try await ServeLock(state, clock: ManualClock())
    }

    /// This process' own of a file.
    private func descriptors(of path: String) -> [Int32] {
        var file = stat()
        guard stat(path, &file) == 0 else { return [] }
        return (0..<65_536).filter { descriptor in
            var status = stat()
            return fstat(descriptor, &status) == 0 && status.st_ino == file.st_ino
                && status.st_dev == file.st_dev
        }
    }
}

@Suite struct FindingTests {
    @Test("An agent's problem is told once, and briefly")
    func agentProblem() {
        let secret = AgentsError.secretMissing(
            agent: "aider", variable: "KEY", source: .environment("ANTHROPIC_API_KEY"))
        let program = AgentsError.programMissing(
            agent: "aider", program: "aider", searched: "/usr/local/bin:/usr/bin")

        #expect(
            Diagnosis("agent aider", .warn, of: secret).text
                == "the variable ANTHROPIC_API_KEY isn't set")
        #expect(
            Diagnosis("agent aider", .warn, of: program).text
                == "there is no program \"aider\" in PATH")
    }

    @Test("The last line counts what is to be done")
    func summary() {
        let well = Diagnosis("sh", .ok, "/bin/sh")
        let failure = Diagnosis("disk", .fail, "full")
        let warning = Diagnosis("git", .warn, "none")

        #expect(Diagnosis.summary([well]) == "All is well.")
        #expect(Diagnosis.summary([well, warning]) == "1 warning.")
        #expect(
            Diagnosis.summary([failure, warning, failure, warning]) == "2 to mend, 2 warnings.")
    }

    @Test("A token's file that others may read is a warning")
    func tokenFile() throws {
        let fixture = Fixture()
        let file = fixture.path + "/token"
        try fixture.write("token", "x")
        try fixture.write(
            "skep.yaml", "tracker: {url: \"http://127.0.0.1:1\", token_file: \(file)}\n")
        chmod(file, 0o640)
        #expect(TokenFile.findings(try House.read(fixture.layers())).map(\.verdict) == [.warn])

        chmod(file, 0o600)

        #expect(TokenFile.findings(try House.read(fixture.layers())).isEmpty)
    }
}
