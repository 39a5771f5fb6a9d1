import Foundation
import SkepCore
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

        let second = Task { try await ServeLock(state, clock: clock) }
        while !second.isCancelled, clock.sleeperCount == 0 { await Task.yield() }
        let turning = Task {
            while !Task.isCancelled { clock.advance(by: .seconds(1)); await Task.yield() }
        }
        let error = await #expect(throws: ProgramError.self) { _ = try await second.value }
        turning.cancel()

        #expect(error?.kind == .conflict)
        #expect(error?.why == "It is process \(getpid()).")
        withExtendedLifetime(lock) {}
    }

    @Test("The lock goes with its holder")
    func released() async throws {
        let folder = TemporaryFolder()
        let state = StateFolder(path: folder.path)
        _ = try await ServeLock(state, clock: ManualClock())

        #expect(ServeLock.holder(state) == nil)
        _ = try await ServeLock(state, clock: ManualClock())
    }
}
