import SkepCore
import SkepWire
import Testing

@testable import SkepAgents

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("The plan of a sandbox")
struct SandboxPlanTests {
    private func plan(
        _ policy: SandboxPolicy, isReadOnly: Bool = false, links: [String] = [],
        logins: [String] = [], home: String = "/state/slot/home",
        houses: [String] = ["/state"], program: String = "/home/bee/.local/bin/agent"
    ) -> Sandbox? {
        SandboxPlan(
            policy: policy, isReadOnly: isReadOnly,
            places: SandboxPlan.Places(
                workspace: "/state/slot/tree", output: "/state/slot/output", home: home,
                given: ["/state/sessions/17/prompt.md"], houses: houses,
                loginHome: "/home/bee", otherHomes: ["/home/operator"], links: links,
                logins: logins, program: program,
                searchPath: "/home/bee/.local/bin:/bin")
        ).sandbox
    }

    @Test("Homes and Skep's folders are hidden, what the session needs of them is put back")
    func hidesHomesAndState() throws {
        let sandbox = try #require(plan(SandboxPolicy(), links: [".set-up"], logins: [".agent"]))

        #expect(
            Set(["/home/bee", "/home/operator", "/root", "/state"]).isSubset(of: sandbox.hidden))
        #expect(
            sandbox.writable == [
                "/home/bee/.agent", "/state/slot/home", "/state/slot/output", "/state/slot/tree",
            ])
        #expect(sandbox.readable.contains("/state/sessions/17/prompt.md"))
        #expect(sandbox.readable.contains("/home/bee/.local/bin"))
        #expect(sandbox.readable.contains("/home/bee/.set-up"))
        #expect(!sandbox.hasNoNetwork)
    }

    @Test("A program of a version manager is put back with what it calls")
    func putsShimsBack() throws {
        let sandbox = try #require(
            plan(SandboxPolicy(), program: "/home/operator/.pyenv/shims/python3"))

        #expect(sandbox.readable.contains("/home/operator/.pyenv"))
    }

    @Test("Of an operator's home there is only what is named, and a file of a token nowhere")
    func hidesOperatorsHome() throws {
        let sandbox = try #require(
            plan(
                SandboxPolicy(), logins: [".agent/login"], home: "/home/bee",
                houses: ["/state", "/etc/skep/token"]))

        #expect(Set(["/home/bee", "/etc/skep/token"]).isSubset(of: sandbox.hidden))
        #expect(
            sandbox.writable == [
                "/home/bee/.agent/login", "/state/slot/output", "/state/slot/tree",
            ])
        #expect(!sandbox.readable.contains("/home/bee"))
    }

    @Test("A reviewer's workspace is read-only")
    func reviewerReads() throws {
        let sandbox = try #require(plan(SandboxPolicy(level: .workspaceWrite), isReadOnly: true))

        #expect(sandbox.level == "read-only")
        #expect(sandbox.readable.contains("/state/slot/tree"))
        #expect(!sandbox.writable.contains("/state/slot/tree"))
    }

    @Test("A link that an agent may have made leads to nothing more")
    func plantedLinksLeadNowhere() throws {
        let folder = TemporaryFolder()
        let project = folder.make("project")
        symlink("/etc", project + "/planted")
        let policy = SandboxPolicy(
            reads: [project + "/planted"], writes: [project, project + "/planted"])

        let sandbox = try #require(plan(policy))

        #expect(!sandbox.writable.contains("/etc"))
        #expect(!sandbox.readable.contains("/etc"))
        #expect(sandbox.writable.contains(project))
    }

    @Test("Isolated has no network but its endpoints; none is no sandbox")
    func levels() throws {
        let endpoint = NetworkEndpoint(host: "api.example.org", port: 443)
        let sandbox = try #require(plan(SandboxPolicy(level: .isolated, endpoints: [endpoint])))

        #expect(sandbox.hasNoNetwork)
        #expect(sandbox.endpoints == ["api.example.org:443"])
        #expect(plan(SandboxPolicy(level: .none)) == nil)
    }

    @Test("A machine keeps a policy when it gives its level and lacks nothing but Landlock")
    func obstacles() {
        let isolated = SandboxPolicy(level: .isolated, isRequired: true)
        let whole = SandboxReport(
            level: .isolated, measures: [], missing: ["landlock: the kernel doesn't offer it"])
        let weak = SandboxReport(
            level: .workspaceWrite, measures: [], missing: ["namespaces: Operation not permitted"])

        #expect(whole.obstacle(to: isolated) == nil)
        #expect(weak.obstacle(to: isolated) == "namespaces: Operation not permitted")
        #expect(weak.obstacle(to: SandboxPolicy(level: .none)) == nil)
    }

    /// macOS' own judgement of it is missing: there was no machine to try it on.
    @Test("As a Seatbelt profile, parents come before what is below them")
    func seatbeltProfile() {
        let sandbox = Sandbox(
            level: "isolated", isRequired: true, hidden: ["/Users/bee", "/private/var/skep"],
            readable: ["/Users/bee/bin"], writable: ["/private/var/skep/a \"b\"/tree"],
            hasNoNetwork: true, endpoints: ["api.example.org:443", "127.0.0.1:8080"])

        #expect(
            SeatbeltProfile(sandbox: sandbox).text == """
                (version 1)
                (allow default)
                (deny file-write*)
                (allow file-write* (subpath "/dev"))
                (deny network*)
                (deny file-read* file-write* network* (subpath "/Users/bee"))
                (allow file-read* (subpath "/Users/bee/bin"))
                (deny file-write* (subpath "/Users/bee/bin"))
                (deny file-read* file-write* network* (subpath "/private/var/skep"))
                (allow file-read* file-write* network* (subpath "/private/var/skep/a \\"b\\"/tree"))
                (allow file-read-metadata (vnode-type DIRECTORY) (vnode-type SYMLINK))
                (allow network-outbound (remote tcp "*:443"))
                (allow network-outbound (remote tcp "localhost:8080"))
                (allow network-outbound (literal "/private/var/run/mDNSResponder"))

                """)
        #expect(
            SeatbeltProfile(sandbox: sandbox).command(["/bin/sh", "-c", ":"]).suffix(3) == [
                "/bin/sh", "-c", ":",
            ])
    }
}
