import Foundation
import SkepCore
import SkepHTTP
import SkepQueue
import SkepTestSupport
@testable import SkepTrackers
import Testing

@Suite("TrackerCatalog")
struct TrackerCatalogTests {
    private let place = SettingsLocation(source: "skep.yaml", line: 3)

    private func node(_ entries: [(String, SettingsNode.Value)]) -> SettingsNode {
        SettingsNode(
            .map(
                entries.map {
                    .init(
                        key: $0.0, keyLocation: place, value: SettingsNode($0.1, at: place))
                }), at: place)
    }

    private func read(
        _ entries: [(String, SettingsNode.Value)]
    ) -> (TrackerSettings, [String]) {
        let mistakes = SettingsMistakes()
        let settings = TrackerCatalog.settings(node(entries), mistakes: mistakes)
        return (settings, mistakes.all.map(\.description))
    }

    @Test("Settings are read")
    func settings() {
        let (settings, mistakes) = read([
            ("kind", .text("forgejo")), ("url", .text("https://host/git/")),
            ("token_env", .text("TOKEN")), ("login", .text("bot")), ("concurrency", .integer(2)),
        ])

        #expect(mistakes.isEmpty)
        #expect(
            settings
                == TrackerSettings(
                    kind: .forgejo, address: "https://host/git/", token: .environment("TOKEN"),
                    login: "bot", concurrency: 2))
    }

    @Test("Codeberg's address is known")
    func codeberg() {
        let (settings, mistakes) = read([("kind", .text("codeberg"))])

        #expect(mistakes.isEmpty && settings.address == "https://codeberg.org")
    }

    @Test("All mistakes are told at once, with their place")
    func mistakes() {
        let (_, mistakes) = read([
            ("kind", .text("jira")), ("url", .text("host/git")), ("token_env", .text("A")),
            ("token_file", .text("b")), ("tokn", .text("x")), ("concurrency", .integer(99)),
        ])

        #expect(mistakes.count == 6)
        #expect(mistakes.allSatisfy { $0.hasPrefix("skep.yaml:3: ") })
    }

    @Test("A missing address is a mistake")
    func missingAddress() {
        #expect(read([("kind", .text("gitea"))]).1.count == 1)
    }

    @Test(
        "An address may end in a slash or in /api/v1",
        arguments: [
            "https://host/git", "https://host/git/", "https://host/git/api/v1",
            "https://host/git/api/v1/",
        ])
    func addresses(text: String) throws {
        #expect(try TrackerSettings.address(text).description == "https://host/git/")
    }

    @Test("A token is taken from the environment or a file, without the line's end")
    func tokens() throws {
        let home = FileManager.default.temporaryDirectory.path + "/skep-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: home) }
        try "abc\n".write(toFile: home + "/token", atomically: true, encoding: .utf8)

        let fromEnvironment = try TrackerSettings.TokenSource.environment("T").read(["T": "abc"])
        let fromFile = try TrackerSettings.TokenSource.file("~/token").read(["HOME": home])

        #expect(fromEnvironment?.value == "abc" && fromFile?.value == "abc")
        #expect(try TrackerSettings.TokenSource.none.read([:]) == nil)
    }

    @Test(
        "A token that can't be had says where it was looked for",
        arguments: [
            (TrackerSettings.TokenSource.environment("T"), [:], "\"T\" isn't set"),
            (.environment("T"), ["T": ""], "\"T\" isn't set"),
            (.environment("T"), ["T": "a b"], "blanks"),
            (.environment("T"), ["T": "a\r\nX: y"], "blanks"),
            (.environment("T"), ["T": "  \n"], "nothing in"),
            (.file("/no/such"), [:], "\"/no/such\""),
        ] as [(TrackerSettings.TokenSource, [String: String], String)])
    func noToken(source: TrackerSettings.TokenSource, environment: [String: String], why: String) {
        let error = #expect(throws: GiteaError.self) { try source.read(environment) }

        #expect(error?.why?.contains(why) == true)
        #expect(error?.kind == .configuration)
    }

    @Test("The tracker that settings describe is made, and asks with its token")
    func made() async throws {
        let server = try ScriptedHTTPServer { _ in .json(#"{"version": "1.27.0"}"#) }
        defer { server.stop() }
        let settings = TrackerSettings(address: server.url, token: .environment("T"))

        let tracker = try TrackerCatalog.tracker(
            settings, environment: ["T": "abc"], version: "0.1", about: "https://skep.example")
        _ = try? await tracker.probe()

        #expect(server.requests.first?.header("Authorization") == "token abc")
        #expect(server.requests.first?.header("User-Agent") == "skep/0.1 (+https://skep.example)")
    }
}
