#if os(Linux)
    import Glibc
    import SkepAgents
    import SkepCore
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

        @Test("It isn't the agent's failure, whose own limit is another thing")
        func isNobodysFailure() async throws {
            let fixture = try CommandFixture()
            let sessions = fixture.house.sessions
            try #require(mount("tmpfs", sessions, "tmpfs", 0, "size=2m,mode=711") == 0)
            defer { umount2(sessions, Int32(MNT_DETACH)) }
            let agent = try fixture.agent(
                script: "cat /dev/zero | head -c 50000000; sleep 300",
                [("sandbox", .text("none"))])

            let failure = try await fixture.run(agent).result.failure

            #expect(failure?.type == .diskFull)
            #expect(failure?.type.remedy == .wait)
            #expect(failure?.sentence == "disk full: stopped: there was no room for its log")
        }
    }
#endif
