import Foundation
import SkepHTTP

/// A person at the tracker: plain requests to its API, a second opinion on Skep's own client.
struct TrackerClient: Sendable {
    let url: String
    let token: String
    private let client = HTTPClient(
        version: "tests", limits: HTTPLimits(connect: .seconds(60), stall: .seconds(120)))

    init(url: String, token: String) {
        self.url = url
        self.token = token
    }

    struct Comment: Decodable, Sendable {
        let body: String
        let user: User
    }

    struct User: Decodable, Sendable {
        let login: String
    }

    struct Branch: Decodable, Sendable {
        struct Commit: Decodable, Sendable { let id: String }
        let name: String
        let commit: Commit
    }

    struct Pull: Decodable, Sendable {
        struct End: Decodable, Sendable {
            let ref: String
            let sha: String
        }
        let number: Int
        let title: String
        let body: String
        let state: String
        let head: End
        let base: End
    }

    struct Label: Decodable, Sendable {
        let id: Int64
        let name: String
    }

    /// All comments of an issue, oldest first.
    func comments(_ issue: Int, in repository: String) async throws -> [String] {
        let comments: [Comment] = try await get("repos/\(repository)/issues/\(issue)/comments")
        return comments.map(\.body)
    }

    func branches(in repository: String) async throws -> [String: String] {
        let branches: [Branch] = try await get("repos/\(repository)/branches?limit=50")
        return Dictionary(uniqueKeysWithValues: branches.map { ($0.name, $0.commit.id) })
    }

    func pulls(in repository: String) async throws -> [Pull] {
        try await get("repos/\(repository)/pulls?state=all&limit=50")
    }

    /// Opens an issue and answers with its number.
    func open(_ title: String, body: String, in repository: String) async throws -> Int {
        struct Issue: Decodable { let number: Int }
        let issue: Issue = try decode(
            try await send("POST", "repos/\(repository)/issues", ["title": title, "body": body]))
        return issue.number
    }

    /// Puts a label on an issue, made first where it isn't there.
    func label(_ issue: Int, _ name: String, in repository: String) async throws {
        var labels: [Label] = try await get("repos/\(repository)/labels?limit=50")
        if !labels.contains(where: { $0.name == name }) {
            _ = try await send(
                "POST", "repos/\(repository)/labels", ["name": name, "color": "#00aabb"])
            labels = try await get("repos/\(repository)/labels?limit=50")
        }
        let ids = labels.filter { $0.name == name }.map(\.id)
        _ = try await send("POST", "repos/\(repository)/issues/\(issue)/labels", ["labels": ids])
    }

    /// Assigns an issue to a user, who has to be able to write there.
    func assign(_ issue: Int, to login: String, in repository: String) async throws {
        _ = try await send(
            "PUT", "repos/\(repository)/collaborators/\(login)", ["permission": "write"])
        _ = try await send("PATCH", "repos/\(repository)/issues/\(issue)", ["assignees": [login]])
    }

    private func get<Value: Decodable>(_ path: String) async throws -> Value {
        try decode(try await send("GET", path))
    }

    private func decode<Value: Decodable>(_ response: HTTPResponse) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(response.body))
    }

    private func send(_ method: String, _ path: String, _ body: [String: Any]? = nil) async throws
        -> HTTPResponse
    {
        let response = try await answer(method, path, body)
        guard response.isSuccess else {
            throw ChildProcess.Failed(
                description: "\(method) \(path): \(response.status) "
                    + String(decoding: response.body, as: UTF8.self))
        }
        return response
    }

    private func answer(_ method: String, _ path: String, _ body: [String: Any]?) async throws
        -> HTTPResponse
    {
        let bytes = try body.map { Array(try JSONSerialization.data(withJSONObject: $0)) }
        return try await client.send(
            HTTPRequest(
                HTTPMethod(rawValue: method), try HTTPURL("\(url)/api/v1/\(path)"),
                headers: ["Authorization": "token \(token)", "Content-Type": "application/json"],
                body: bytes))
    }
}
