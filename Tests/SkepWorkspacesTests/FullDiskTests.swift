#if os(Linux)
    import Foundation
    import Glibc
    import Logging
    import SkepCore
    import SkepTestSupport
    import Testing

    @testable import SkepWorkspaces

    @Suite("A disk that is nearly full", .enabled(if: geteuid() == 0, "needs a small file system"))
    struct FullDiskTests {
        @Test("It is told by the folder on it, also when that is the workspaces' own")
        func tellsFullDisk() throws {
            let folder = TemporaryFolder()
            let workspaces = LocalWorkspaces(
                stateFolder: folder.path, logger: Logger(label: "test"))
            let own = folder.path + "/workspaces"
            try FileManager.default.createDirectory(
                atPath: own, withIntermediateDirectories: true)
            let before = workspaces.fullDisk()
            try #require(mount("tmpfs", own, "tmpfs", 0, "size=60m") == 0)
            defer { umount2(own, Int32(MNT_DETACH)) }

            let full = workspaces.fullDisk()

            // This machine's own disk may be full, too.
            #expect(full?.path == before?.path ?? own)
            #expect(full?.failure.type == .diskFull)
        }
    }
#endif
