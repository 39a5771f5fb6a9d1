import Foundation

@testable import SkepForge

/// Gitea's own specification (Swagger 2.0), held against what the tracker answers.
///
/// It says nothing of null, so null is taken wherever the server's code can send it: for objects,
/// arrays, times and the texts named below. Every property has to be there.
struct GiteaSpecification: Sendable {
    static let shared = GiteaSpecification()

    private let document: JSON

    init() {
        let file = Bundle.module.url(
            forResource: "gitea-api", withExtension: "json", subdirectory: "Fixtures")
        let data = file.flatMap { try? Data(contentsOf: $0) } ?? Data()
        document = JSON(parsing: Array(data)) ?? .null
    }

    /// What is wrong with an answer; empty when it's as specified.
    func problems(method: String, path: String, status: Int, bytes: [UInt8]) -> [String] {
        guard let operation = operation(method, path) else {
            return status == 404 || status == 405 ? [] : ["isn't in the specification"]
        }
        if status >= 400 {
            guard !bytes.isEmpty else { return [] }
            let body = JSON(parsing: bytes)
            return body?["message"]?.string != nil && body?["url"]?.string != nil
                ? []
                : ["an error without message and url: \(String(decoding: bytes, as: UTF8.self))"]
        }
        guard var response = operation["responses"]?[String(status)] else {
            return ["status \(status) isn't in the specification"]
        }
        if let reference = response["$ref"]?.string { response = resolve(reference) }
        guard let schema = response["schema"] else {
            return bytes.isEmpty ? [] : ["has a body, but should be empty"]
        }
        if ["string", "file"].contains(schema["type"]?.string) { return [] }
        guard let body = JSON(parsing: bytes) else { return ["isn't JSON"] }
        var found: [String] = []
        check(body, schema, at: "$", &found)
        return found
    }

    /// What is wrong with a document that should be as one of the definitions says.
    func problems(_ document: JSON, definition: String) -> [String] {
        var found: [String] = []
        check(document, resolve("#/definitions/" + definition), at: "$", &found)
        return found
    }

    private func resolve(_ reference: String) -> JSON {
        reference.split(separator: "/").dropFirst().reduce(document) { $0[String($1)] ?? .null }
    }

    /// The operation whose path fits best: the one with the most literal segments.
    private func operation(_ method: String, _ path: String) -> JSON? {
        guard case .object(let paths)? = document["paths"] else { return nil }
        let segments = path.split(separator: "/").map(String.init)
        var best: (score: Int, operation: JSON)?
        for member in paths {
            guard let operation = member.value[method.lowercased()] else { continue }
            guard let score = Self.score(member.name, segments) else { continue }
            if score > best?.score ?? -1 { best = (score, operation) }
        }
        return best?.operation
    }

    private static let pathsWithSlashes: Set<String> = [
        "{branch}", "{ref}", "{head}", "{filepath}",
    ]

    private static func score(_ pattern: String, _ segments: [String]) -> Int? {
        let parts = pattern.split(separator: "/").map(String.init)
        var score = 0
        var rest = segments[...]
        for (index, part) in parts.enumerated() {
            guard let first = rest.first else { return nil }
            if part == first {
                score += 2
            } else if part == "{index}.{diffType}" {
                guard first.contains(".") else { return nil }
                score += 1
            } else if part.hasPrefix("{") {
                if part == "{index}" || part == "{id}", Int(first) == nil { return nil }
                if pathsWithSlashes.contains(part) {
                    let count = rest.count - (parts.count - index - 1)
                    guard count >= 1 else { return nil }
                    rest = rest.dropFirst(count)
                    continue
                }
            } else {
                return nil
            }
            rest = rest.dropFirst()
        }
        return rest.isEmpty ? score : nil
    }

    private static let nullableTexts: Set<String> = [
        "merge_commit_sha", "content", "encoding", "target", "submodule_git_url", "lfs_oid",
        "download_url",
    ]
    private static let nullableNumbers: Set<String> = [
        "additions", "deletions", "changed_files", "lfs_size",
    ]

    private func check(_ value: JSON, _ schema: JSON, at place: String, _ found: inout [String]) {
        var schema = schema
        if let reference = schema["$ref"]?.string { schema = resolve(reference) }
        let name = place.split(separator: ".").last.map(String.init) ?? ""
        let format = schema["format"]?.string
        switch (schema["type"]?.string, value) {
        case ("object", .null) where place != "$", ("array", .null) where place != "$": return
        case ("string", .null) where format == "date-time" || Self.nullableTexts.contains(name):
            return
        case ("integer", .null) where Self.nullableNumbers.contains(name): return
        case ("object", .object(let members)):
            guard case .object(let properties)? = schema["properties"] else { return }
            for property in properties {
                guard let member = value[property.name] else {
                    found.append("\(place) lacks \(property.name)")
                    continue
                }
                check(member, property.value, at: "\(place).\(property.name)", &found)
            }
            for member in members where schema["properties"]?[member.name] == nil {
                found.append("\(place) has \(member.name), which isn't in the specification")
            }
        case ("array", .array(let values)):
            guard let items = schema["items"] else { return }
            for (index, element) in values.enumerated() {
                check(element, items, at: "\(place)[\(index)]", &found)
            }
        case ("string", .string(let text)):
            if let allowed = schema["enum"]?.array, !allowed.contains(value) {
                found.append("\(place) is \"\(text)\", not one of \(allowed.compactMap(\.string))")
            }
            if format == "date-time", RFC3339.milliseconds(text) == nil {
                found.append("\(place) isn't a time: \"\(text)\"")
            }
        case ("integer", .integer), ("number", .integer), ("number", .number), ("boolean", .bool),
            (nil, _):
            return
        default:
            found.append("\(place) should be \(schema["type"]?.string ?? "?") and is \(value)")
        }
    }
}
