import Foundation
import Testing

@testable import SkepForge

/// What a server said.
struct APIAnswer: Sendable {
    let status: Int
    let headers: [String: String]
    let bytes: [UInt8]

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var json: JSON { JSON(parsing: bytes) ?? .null }
    func header(_ name: String) -> String? { headers[name.lowercased()] }
}

/// A client of the API that holds each answer against Gitea's specification.
struct APIClient: Sendable {
    let url: String
    let token: String?

    func get(_ path: String) async throws -> APIAnswer { try await send("GET", path) }
    func post(_ path: String, _ body: JSON? = nil) async throws -> APIAnswer {
        try await send("POST", path, body)
    }
    func patch(_ path: String, _ body: JSON) async throws -> APIAnswer {
        try await send("PATCH", path, body)
    }
    func put(_ path: String, _ body: JSON) async throws -> APIAnswer {
        try await send("PUT", path, body)
    }
    func delete(_ path: String, _ body: JSON? = nil) async throws -> APIAnswer {
        try await send("DELETE", path, body)
    }

    /// Sends a request to a path under /api/v1.
    func send(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> APIAnswer {
        let answer = try await raw(
            method, "/api/v1/" + path, body: body?.bytes,
            headers: token.map { ["Authorization": "token \($0)"] } ?? [:])
        let problems = GiteaSpecification.shared.problems(
            method: method, path: path.split(separator: "?").first.map(String.init) ?? "",
            status: answer.status, bytes: answer.bytes)
        for problem in problems { Issue.record("\(method) \(path): \(problem)") }
        return answer
    }

    /// Sends a request as it is.
    func raw(
        _ method: String, _ target: String, body: [UInt8]? = nil, headers: [String: String] = [:]
    ) async throws -> APIAnswer {
        var head = "\(method) \(target) HTTP/1.1\r\nConnection: close\r\n"
        let authority = url.replacingOccurrences(of: "http://", with: "")
        var all = ["Host": authority].merging(headers) { $1 }
        if let body {
            all["Content-Length"] = String(body.count)
            all["Content-Type"] = "application/json"
        }
        for (name, value) in all { head += "\(name): \(value)\r\n" }
        let port = authority.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
        return try await HTTPSocket.exchange(
            port: port, Array((head + "\r\n").utf8) + (body ?? []))
    }
}

extension JSON {
    var string: String? { if case .string(let text) = self { text } else { nil } }
    var int: Int? { if case .integer(let number) = self { Int(number) } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var array: [JSON] { if case .array(let values) = self { values } else { [] } }
    subscript(_ index: Int) -> JSON? { array.indices.contains(index) ? array[index] : nil }
}
