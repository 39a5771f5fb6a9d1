import SkepHTTP
import Testing

@Suite("HTTPURL")
struct HTTPURLTests {
    @Test("An address is taken apart and put together again")
    func partsOfAnAddress() throws {
        let url = try HTTPURL("https://Git.Example.org:8443/forge/?page=2#top")

        #expect(url.origin.description == "https://git.example.org:8443")
        #expect(url.path == "/forge/")
        #expect(url.query == "page=2")
        #expect(url.description == "https://git.example.org:8443/forge/?page=2")
    }

    @Test("The default port is the same as none")
    func defaultPort() throws {
        #expect(try HTTPURL("http://host:80/") == HTTPURL("http://host"))
        #expect(try HTTPURL("https://host:443/").description == "https://host/")
    }

    @Test(
        "What isn't a whole http address is refused",
        arguments: [
            "", "host/path", "ftp://host/", "file:///etc/passwd", "http://", "http://ho st/",
            "http://host:99999/", "/path", "https://host/\r\nX: y",
        ])
    func refused(text: String) {
        #expect(throws: HTTPError.self) { try HTTPURL(text) }
    }

    @Test("A password in an address is refused and not shown")
    func passwordIsRefused() throws {
        let error = #expect(throws: HTTPError.self) {
            try HTTPURL("https://me:hunter2@host/")
        }

        #expect(error?.description.contains("hunter2") == false)
        #expect(error?.description.contains("password") == true)
    }

    @Test("Segments are encoded whole, a slash and dots included")
    func segments() throws {
        let url = try HTTPURL("http://host/git/")
            .appending(["a/b", "..", "ü ?"], query: [("q", "x&y=z")])

        #expect(url.description == "http://host/git/a%2Fb/%2E%2E/%C3%BC%20%3F?q=x%26y%3Dz")
    }

    @Test(
        "This machine is told from others",
        arguments: [
            ("http://localhost:3000", true), ("http://127.0.0.1", true), ("http://127.9.9.9", true),
            ("http://[::1]:80", true), ("http://forge.localhost", true),
            ("http://127.example.org", false), ("http://10.0.0.1", false),
        ])
    func loopback(text: String, expected: Bool) throws {
        #expect(try HTTPURL(text).origin.isLoopback == expected)
    }
}
