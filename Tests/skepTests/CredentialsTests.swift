import SkepAgents
import SkepCore
import Testing

@testable import skep

@Suite("Credentials that the configuration names")
struct CredentialsTests {
    @Test("Their files are hidden from every agent, and their variables passed on to none")
    func allAreKnown() throws {
        let fixture = Fixture()
        try fixture.write(
            "skep.yaml",
            """
            tracker: {url: "http://127.0.0.1:3000", token_file: ~/.forge-token}
            webhooks: {listen: "8920", secret_env: HOOKS}
            repositories:
              - name: ada/engine
                setup: {env_files: [/etc/skep/engine.env]}
            """)
        try fixture.write(
            "agents/a.md",
            """
            ---
            name: a
            adapter: command
            account: {login: a, token_env: REVIEWS}
            secrets: {KEY: "file:~/key", OTHER: env}
            command: [foo]
            ---
            Work.
            """)
        try fixture.write(
            "agents/b.md",
            """
            ---
            name: b
            adapter: command
            account: {login: b, token_file: /etc/b-token}
            command: [foo]
            ---
            Work.
            """)

        let house = try House.read(
            fixture.layers(), program: SelfProgram(path: "/opt/skep/bin/skep")
        ).agentHouse

        let home = fixture.path + "/home"
        #expect(
            Set(house.credentialFiles) == [
                home + "/.forge-token", home + "/key", "/etc/skep/engine.env", "/etc/b-token",
            ])
        #expect(house.credentialVariables == ["HOOKS", "REVIEWS"])
    }

    @Test("An agent that asks for one is refused, with its line")
    func areRefused() throws {
        let fixture = Fixture()
        try fixture.write("skep.yaml", Fixture.tracker)
        try fixture.write(
            "agents/a.md",
            """
            ---
            name: a
            adapter: command
            environment: [PATH, TOKEN, SKEP_STATE]
            command: [foo]
            ---
            Work.
            """)

        let complaint = try #require(fixture.complaint())

        #expect(complaint.contains("agents/a.md:4: \"TOKEN\" is Skep's own"))
        #expect(complaint.contains("agents/a.md:4: \"SKEP_STATE\" can't be passed on"))
    }
}
