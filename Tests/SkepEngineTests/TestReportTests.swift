import Foundation
import SkepCore
import SkepQueue
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("Reports of tests")
struct TestReportTests {
    private func counts(_ xml: String) throws -> TestCounts {
        try JUnitReport.counts(in: Array(xml.utf8))
    }

    @Test("A JUnit file's cases are counted, whatever its totals say")
    func junit() throws {
        let found = try counts(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- made by hand -->
            <testsuites tests="900" failures="0">
              <testsuite name="a" tests="900">
                <properties><property name="x" value="a &gt; b"/></properties>
                <testcase classname="larder.Jar" name="opens &amp; closes &#8212; twice" time="0.1"/>
                <testcase classname="larder.Jar" name='is "full"'>
                  <failure message="no"><![CDATA[<testcase/> isn't one]]></failure>
                </testcase>
                <testcase name="broke"><error/><system-out>text</system-out></testcase>
                <testcase name="later"><skipped/></testcase>
                <testcase name="rerun"><flakyFailure>x<failure/></flakyFailure></testcase>
              </testsuite>
            </testsuites>
            """)

        #expect(
            found
                == TestCounts(
                    passed: 2, failed: 2, skipped: 1,
                    failedNames: ["larder.Jar.is \"full\"", "broke"]))
        #expect(found.description == "2 passed, 2 failed, 1 skipped")
    }

    @Test(
        "What isn't a JUnit file, or wants to be more than one, is refused",
        arguments: [
            "", "{}", "<testsuite>", "<testsuite></testsuites>", "<a/>", "<testsuite/><testsuite/>",
            "<testsuite a='1' a='2'/>", "<testsuite a=1/>", "<testsuite a='<'/>",
            "<testsuite><!-- </testsuite>", "<testsuite a='&lol;'/>", "<testsuite a='&#0;'/>",
            """
            <!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]>
            <testsuite name="&lol2;"/>
            """,
            "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><testsuite/>",
            "<testsuite><testcase><testcase/></testcase></testsuite>",
            String(repeating: "<testsuite>", count: 5000),
        ])
    func hostileXML(_ text: String) {
        #expect(throws: DocumentError.self) { try counts(text) }
    }

    @Test("TAP that a command prints is counted")
    func tap() {
        let output = """
            TAP version 14
            1..5
            ok 1 - opens
                ok 1 - a subtest
            not ok 2 - closes
              ---
              message: no
              ...
            ok 3 # SKIP no network
            not ok 4 - later # TODO not yet\r
            """

        #expect(
            TAPReport.counts(in: output)
                == TestCounts(passed: 1, failed: 2, skipped: 2, failedNames: ["closes", "test 5"]))
        #expect(TAPReport.counts(in: "ok 1\nok 2\n1..2\n") == TestCounts(passed: 2))
        #expect(TAPReport.counts(in: "1..0 # SKIP all\n") == TestCounts())
    }

    @Test(
        "What isn't TAP, or has lost its beginning, isn't counted",
        arguments: ["", "ok", "all ok 1", "ok 7\nok 8\n1..8\n", "1..banana\n", "okay 1\n1..1\n"])
    func noTAP(_ text: String) {
        #expect(TAPReport.counts(in: text) == nil)
    }

    @Test("Patterns find files below a folder, and no link leads out of it")
    func patterns() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "patterns-\(UInt32.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        for path in ["build/a.xml", "build/deep/er/b.xml", "c.xml", ".git/d.xml", "build/e.txt"] {
            let file = folder.appendingPathComponent("in/\(path)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("x".utf8).write(to: file)
        }
        let outside = folder.appendingPathComponent("outside")
        try FileManager.default.createDirectory(at: outside, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: outside.appendingPathComponent("f.xml"))
        let inside = folder.appendingPathComponent("in")
        try FileManager.default.createSymbolicLink(
            at: inside.appendingPathComponent("link"), withDestinationURL: outside)
        try FileManager.default.createSymbolicLink(
            at: inside.appendingPathComponent("g.xml"),
            withDestinationURL: outside.appendingPathComponent("f.xml"))
        let root = try #require(OpenFolder(inside.path))

        func files(_ pattern: String) throws -> [String] {
            try #require(PathPattern(pattern)).files(in: root).keys.sorted()
        }

        #expect(try files("build/*.xml") == ["build/a.xml"])
        #expect(try files("**/*.xml") == ["build/a.xml", "build/deep/er/b.xml", "c.xml"])
        #expect(try files("link/f.xml").isEmpty)
        #expect(try files("./c.xml") == ["c.xml"])
        #expect(try files("*a*a*a*a*a*a*a*a*a*a*b").isEmpty)
        for pattern in ["", "/etc/*", "../*", "a//b", "a/../../b"] {
            #expect(PathPattern(pattern) == nil, "\(pattern)")
        }
    }

    @Test("Counts go with the check, and failed tests into what the agent has to mend")
    func checksWithCounts() async throws {
        let place = SettingsLocation(source: "test")
        let workflow = Workflow.scripted([
            StepDefinition(name: "work", kind: "agent", location: place),
            StepDefinition(
                name: "checks", kind: "commands", onOutcome: ["failed": "work"], rounds: 1,
                commands: ["make test"], testReports: ["build/*.xml"], location: place),
            StepDefinition(name: "publish", kind: "publish", location: place),
        ])
        let red = "<testsuite><testcase name='lid sk-3f9a7c5e1d'><failure/></testcase></testsuite>"
        let green = "<testsuite><testcase name='lid'/><testcase name='jar'/></testsuite>"
        try await Swarm.with(checks: [.exited(code: 2)], workflows: [workflow]) { swarm in
            swarm.workspaces.change {
                $0.collections = ["a", "b"].map { Collection(head: .sample($0), notes: []) }
                // From an earlier use: not what this command says.
                $0.files = ["build/old.xml": red]
            }
            swarm.agents[0].keep("sk-3f9a7c5e1d")
            swarm.agents[0].answer(with: [nil])
            swarm.commands.print([
                .init("no.", files: ["build/new.xml": red]),
                .init("yes.", files: ["build/new.xml": green, "build/bad.xml": "<!DOCTYPE x>"]),
            ])
            let issue = swarm.tracker.put(5)
            let run = try await swarm.dispatch(issue)

            let summary = try await swarm.working { try await swarm.untilClosed(run) }

            #expect(summary.state == .published)
            let history = try await swarm.store.history(of: run)
            #expect(
                history.checks.map(\.tests) == [
                    TestCounts(failed: 1, failedNames: ["lid [secret]"]), TestCounts(passed: 2),
                ])
            #expect(
                swarm.agents[0].snapshot.prompts.last?.contains(
                    "Failed tests:\n- lid [secret]\n\nno.")
                    == true)
            let post = try #require(swarm.tracker.posts(on: issue).first { $0.hasPrefix("✅") })
            #expect(post.contains("`make test` (2 passed)"))
            #expect(post.contains("build/bad.xml can't be used"))
            let status = history.reports.compactMap { report -> NewCommitStatus? in
                if case .status(let status, .sample("b")) = report.content { status } else { nil }
            }
            #expect(
                status == [
                    NewCommitStatus(
                        context: "skep/checks", state: .success, description: "make test: 2 passed")
                ])
        }
    }
}
