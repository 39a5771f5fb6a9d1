#if os(Linux)
    import Glibc
    import SkepAgents
    import SkepWire
    import Testing

    @Suite("A full disk", .enabled(if: geteuid() == 0, "needs a small file system to fill"))
    struct FullDiskTests {
        @Test("The agent is ended, what was kept is whole, and the exit record is there")
        func endsAgent() async throws {
            let fixture = HostFixture()
            try #require(
                mount("tmpfs", fixture.host.folder, "tmpfs", 0, "size=2m,mode=711") == 0)
            defer { umount2(fixture.host.folder, Int32(MNT_DETACH)) }
            let record = try await fixture.run(
                fixture.request("cat /dev/zero | head -c 50000000; sleep 300"))

            #expect(record.how == .spoolFailed(errno: ENOSPC))
            #expect(record.allProcessesGone)
            #expect(try fixture.printed().count == Int(record.outputBytes))
            #expect(record.outputBytes > 1 << 20)
        }
    }
#endif
