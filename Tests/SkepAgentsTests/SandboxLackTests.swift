import SkepAgents
import SkepTestSupport
import SkepWire
import Testing

#if os(Linux)
    import Glibc

    @Suite("Sandboxes that can't be had", .timeLimit(.minutes(10)))
    struct SandboxLackTests {
        @Test("A required one refuses to start, and says why", arguments: SandboxStarter.possible)
        func requiredRefuses(starter: SandboxStarter) async throws {
            for level in ["read-only", "workspace-write", "isolated"] {
                let fixture = try SandboxFixture(starter, lacking: [.namespaces])
                let record = try await fixture.run(fixture.request("echo ran", level: level))

                #expect(record.how == .startFailed(stage: .namespaces, errno: EPERM))
                #expect(try fixture.host.text() == "")
            }
        }

        @Test(
            "Likewise where an administrator forbids namespaces, or AppArmor what they are for",
            .enabled(if: SandboxStarter.possible.contains(.ordinaryUser)),
            arguments: [
                (
                    KernelLack.userNamespaces, StartStage.namespaces, ENOSPC,
                    "no more of them are allowed (user.max_user_namespaces)"
                ), (.mounts, .mounts, EACCES, "Permission denied"),
            ])
        func forbidden(
            lack: KernelLack, stage: StartStage, error: Int32, reason: String
        ) async throws {
            let required = try SandboxFixture(.ordinaryUser, lacking: [lack])
            let other = try SandboxFixture(.ordinaryUser, lacking: [lack])

            let record = try await required.run(required.request("echo ran", level: "isolated"))
            #expect(record.how == .startFailed(stage: stage, errno: error))
            #expect(try required.host.text() == "")
            _ = try await other.run(
                other.request("echo x >$OUTSIDE/x; exit 0", level: "isolated", isRequired: false))
            #expect(try other.noted("sandbox") == ["workspace-write"])
            #expect(try other.noted("missing").first == "namespaces: \(reason)")
            #expect(access(other.outside + "/x", F_OK) != 0)
        }

        @Test(
            "One that isn't required falls back to Landlock, says so, and moves its /tmp",
            arguments: SandboxStarter.possible)
        func fallsBack(starter: SandboxStarter) async throws {
            let fixture = try SandboxFixture(starter, lacking: [.namespaces])
            let record = try await fixture.run(
                fixture.request(
                    """
                    echo in > file && echo wrote; echo out 2>/dev/null > $OUTSIDE/x
                    cat $SESSION/* 2>/dev/null; echo x > $TMPDIR/x && echo ${TMPDIR##*/}
                    exit 3
                    """, level: "isolated", isRequired: false))

            #expect(record.how == .exited(code: 3))
            #expect(try fixture.host.text() == "wrote\ntmp\n", "\(starter)")
            #expect(access(fixture.outside + "/x", F_OK) != 0)
            #expect(try fixture.noted("sandbox") == ["workspace-write"])
            #expect(
                try fixture.noted("missing") == [
                    "namespaces: Operation not permitted",
                    "private /tmp, own /proc: they need namespaces",
                    "modes of files, sockets in folders: landlock doesn't bound them",
                    "network of its own: it needs namespaces",
                ])
        }

        @Test("With nothing at all it says that there is none")
        func saysThatThereIsNone() async throws {
            let fixture = try SandboxFixture(
                SandboxStarter.possible[0], lacking: [.namespaces, .landlock])
            let record = try await fixture.run(fixture.request("exit 0", isRequired: false))

            #expect(record.how == .exited(code: 0))
            #expect(try fixture.noted("sandbox") == ["none"])
            #expect(
                try fixture.noted("missing").contains("landlock: the kernel doesn't offer it"))
        }

        @Test("Without Landlock it says what of the machine's network stays open")
        func tellsOfAbstractSockets() async throws {
            let starter = SandboxStarter.possible[0]
            for (level, count) in [("workspace-write", 1), ("isolated", 0)] {
                let fixture = try SandboxFixture(starter, lacking: [.landlock])
                _ = try await fixture.run(fixture.request("exit 0", level: level))

                let missing = try fixture.noted("missing")
                #expect(missing.count { $0.contains("abstract sockets") } == count)
            }
        }

        @Test("A required one refuses without the filter of system calls; another says so")
        func filterIsNeeded() async throws {
            let starter = SandboxStarter.possible[0]
            let required = try SandboxFixture(starter, lacking: [.seccomp])
            let other = try SandboxFixture(starter, lacking: [.seccomp])

            let record = try await required.run(required.request("echo ran"))
            #expect(record.how == .startFailed(stage: .sandbox, errno: ENOTSUP))
            #expect(try required.host.text() == "")
            _ = try await other.run(other.request("exit 0", isRequired: false))
            #expect(try other.noted("missing") == ["seccomp: the kernel doesn't offer it"])
        }

        @Test("Where it can't have a /proc of its own, a required one refuses; another says so")
        func ownProcIsNeeded() async throws {
            guard SandboxStarter.possible.contains(.ordinaryUser), geteuid() == 0 else {
                print(
                    "NOT TRIED: a /proc that can't be mounted, since these tests don't run as root")
                return
            }
            let required = try SandboxFixture(.ordinaryUser, hasMaskedProc: true)
            let other = try SandboxFixture(.ordinaryUser, hasMaskedProc: true)

            let record = try await required.run(required.request("echo ran"))
            #expect(record.how == .startFailed(stage: .sandbox, errno: EPERM))
            _ = try await other.run(other.request("exit 0", isRequired: false))
            #expect(try other.noted("missing") == ["own /proc: Operation not permitted"])
        }

        @Test("Without Landlock the mounts keep what is required")
        func landlockMayBeMissing() async throws {
            let fixture = try SandboxFixture(SandboxStarter.possible[0], lacking: [.landlock])
            let record = try await fixture.run(
                fixture.request("echo x > file && echo wrote; echo x > $OUTSIDE/x; exit 0"))

            #expect(record.how == .exited(code: 0))
            #expect(try fixture.host.text() == "wrote\n")
            #expect(access(fixture.outside + "/x", F_OK) != 0)
            #expect(
                try fixture.noted("missing").first == "landlock: the kernel doesn't offer it")
        }
    }
#endif
