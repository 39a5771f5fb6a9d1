import SkepAgents
import SkepTestSupport
import SkepWire
import Testing

#if os(Linux)
    import Glibc

    @Suite("Sandboxes", .timeLimit(.minutes(10)))
    struct SandboxTests {
        @Test(
            "Every way to start one can be tried here",
            .enabled(
                if: SandboxStarter.untried.isEmpty,
                "NOT TRIED: \(SandboxStarter.untried.map(\.rawValue)); run the tests as root"))
        func everyStarterIsTried() {
            #expect(SandboxStarter.possible.count == SandboxStarter.allCases.count)
        }

        @Test("The log says what keeps a session in", arguments: SandboxStarter.possible)
        func logSaysWhatIsInForce(starter: SandboxStarter) async throws {
            let fixture = try SandboxFixture(starter)
            let record = try await fixture.run(fixture.request("exit 0", level: "isolated"))

            #expect(record.how == .exited(code: 0))
            #expect(try fixture.noted("sandbox") == ["isolated"])
            let measures = try fixture.noted("measure")
            for measure in [
                "mount namespace", "pid namespace", "network namespace", "read-only root",
                "private /tmp", "own /proc", "own /dev", "seccomp", "no capabilities",
                "no new privileges",
            ] { #expect(measures.contains(measure)) }
            #expect(measures.contains("user namespace") == (starter == .ordinaryUser))
        }

        @Test("It is who it should be, without capabilities", arguments: SandboxStarter.possible)
        func isWhoItShouldBe(starter: SandboxStarter) async throws {
            let fixture = try SandboxFixture(starter)
            _ = try await fixture.run(
                fixture.request(
                    """
                    id -u; echo x 2>/dev/null >/etc/skep-probe; echo x 2>/dev/null >$OUTSIDE/x
                    grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
                    """))

            let user: UInt32 =
                switch starter {
                case .root: SandboxStarter.user.uid
                case .rootAsRoot: 0
                case .ordinaryUser: geteuid() == 0 ? SandboxStarter.ordinary : geteuid()
                }
            let text = try fixture.host.text()
            #expect(text.hasPrefix("\(user)\n"))
            #expect(text.contains("CapEff:\t0000000000000000"))
            #expect(text.contains("NoNewPrivs:\t1"))
            #expect(text.contains("Seccomp:\t2"))
            #expect(access("/etc/skep-probe", F_OK) != 0)
            #expect(access(fixture.outside + "/x", F_OK) != 0)
        }

        @Test("It writes its workspace and a /tmp of its own", arguments: SandboxStarter.possible)
        func writesOnlyItsPlaces(starter: SandboxStarter) async throws {
            let fixture = try SandboxFixture(starter)
            let name = "skep-probe-\(getpid())-\(starter)"
            _ = try await fixture.run(
                fixture.request(
                    """
                    echo a > file && echo wrote; echo b > /tmp/\(name) && echo private
                    ls -A $SESSION | grep . ; ls -A /run | grep . ; ls -A /root | grep .
                    ls /proc | grep -cE '^[0-9]+$' | awk '$1 < 12 {print "few"}'
                    """))

            #expect(try fixture.host.text() == "wrote\nprivate\nfew\n")
            #expect(access("/tmp/" + name, F_OK) != 0)
        }

        @Test("A read-only workspace can be read, and not written")
        func readOnlyIsReadOnly() async throws {
            let fixture = try SandboxFixture(SandboxStarter.possible[0])
            _ = try await fixture.run(
                fixture.request(
                    "ls . && echo read; touch x 2>/dev/null && echo wrote; exit 0",
                    level: "read-only"))

            #expect(try fixture.host.text() == "read\n")
        }

        @Test("The agent has its three streams, and no other file of its host's")
        func noDescriptorLeaks() async throws {
            let fixture = try SandboxFixture(SandboxStarter.possible[0])
            _ = try await fixture.run(
                fixture.request(
                    "for fd in $(seq 3 200); do [ ! -e /proc/$$/fd/$fd ] || echo $fd; done; echo 0",
                    level: "isolated", endpoints: ["127.0.0.1:9"]))

            #expect(try fixture.host.text() == "0\n")
        }

        @Test("Without a network only its endpoints answer, and refusals are told")
        func onlyEndpointsAnswer() async throws {
            let server = try LoopbackServer(
                answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            let other = try LoopbackServer(
                answer: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")
            let probe = """
                import os, socket, urllib.request
                def get(url, proxied):
                    handler = urllib.request.ProxyHandler(None if proxied else {})
                    try: return urllib.request.build_opener(handler).open(url, timeout=20).read().decode()
                    except Exception as error: return type(error).__name__
                print(get("http://127.0.0.1:\(server.port)/", False))
                print(get("http://127.0.0.1:\(server.port)/", True))
                print(get("http://127.0.0.1:\(other.port)/", False))
                print(get("http://127.0.0.1:\(other.port)/", True))
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                try: s.sendto(b"x", ("9.9.9.9", 53)); print("sent")
                except OSError: print("no way")
                try: socket.getaddrinfo("example.org", 443); print("resolved")
                except OSError: print("no names")
                """
            let fixture = try SandboxFixture(SandboxStarter.possible[0])
            _ = try await fixture.run(
                fixture.request(
                    "/usr/bin/python3 - <<'END'\n\(probe)\nEND\n", level: "isolated",
                    endpoints: ["127.0.0.1:\(server.port)"]))

            let text = try fixture.host.text()
            #expect(text == "hi\nhi\nURLError\nHTTPError\nno way\nno names\n")
            #expect(
                try fixture.notes().compactMap { $0.string("refused") } == [
                    "127.0.0.1:\(other.port)"
                ])
        }

        /// Tries some fifty ways out, as an ordinary user and started by root, on every level and
        /// with Landlock alone; the script knows what each may let through.
        @Test("A probe gets at nothing that its level keeps away")
        func probeStaysInside() async throws {
            let file = #filePath
            let tests = file.prefix(file.count - "/SkepAgentsTests/SandboxTests.swift".count)
            let fixture = HostFixture()
            let path = "/usr/local/bin:/usr/bin:/bin"
            let record = try await fixture.run(
                fixture.request(
                    "/usr/bin/python3 \(tests)/../Scripts/probe-sandbox --check \(HostFixture.program)",
                    environment: ["PATH": path, "HOME": fixture.work]))
            let wrong = try fixture.text().split(separator: "\n").filter {
                $0.contains("WRONG") || $0.contains("NOT TRIED")
            }
            let complaint = try fixture.text(.error)

            #expect(record.how == .exited(code: 0), "\(wrong) \(complaint)")
        }

        @Test("What it keeps in its /tmp and the like is bounded, all together")
        func boundsPrivateFolders() async throws {
            for (memory, most) in [(nil, 2 << 20), (Int64(400) << 20, 400 << 10)] {
                let fixture = try SandboxFixture(SandboxStarter.possible[0])
                var request = fixture.request("df -k --output=size /tmp /var/tmp /dev/shm")
                request.limits.memoryBytes = memory
                _ = try await fixture.run(request)

                let sizes = try fixture.host.text().split(whereSeparator: \.isWhitespace)
                    .compactMap { Int($0) }
                #expect(sizes.count == 3)
                #expect((most / 2...most).contains(sizes.reduce(0, +)), "\(sizes)")
            }
        }
    }
#endif
