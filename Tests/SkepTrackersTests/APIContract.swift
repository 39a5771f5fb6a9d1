import Foundation
import SkepTestSupport

/// Gitea's published API specification, to hold requests against.
struct APIContract: @unchecked Sendable {
    // Unchecked: a tree of JSON that is only read.
    private let paths: [String: [String: Any]]
    private let definitions: [String: [String: Any]]

    static let shared = APIContract()

    private init() {
        guard
            let url = Bundle.module.url(
                forResource: "gitea-api", withExtension: "json", subdirectory: "Fixtures"),
            let data = try? Data(contentsOf: url),
            let tree = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
            let paths = tree["paths"] as? [String: [String: Any]],
            let definitions = tree["definitions"] as? [String: [String: Any]]
        else { preconditionFailure("Fixtures/gitea-api.json can't be read") }
        self.paths = paths
        self.definitions = definitions
    }

    /// What a request does that the specification doesn't know, in words.
    func violations(of request: ScriptedRequest, below path: String) -> [String] {
        let call = "\(request.method) \(request.target)"
        guard request.path.hasPrefix(path + "/api/v1/") else {
            return ["\(call): not below /api/v1"]
        }
        let route = String(request.path.dropFirst(path.count + "/api/v1".count))
        guard let operation = operation(request.method, route) else {
            return ["\(call): no such route"]
        }
        let parameters = operation["parameters"] as? [[String: Any]] ?? []
        return queryViolations(request, parameters).map { "\(call): \($0)" }
            + bodyViolations(request, parameters).map { "\(call): \($0)" }
    }

    private func operation(_ method: String, _ route: String) -> [String: Any]? {
        let parts = route.split(separator: "/", omittingEmptySubsequences: false)
        let matches = paths.keys.filter { template in
            guard paths[template]?[method.lowercased()] != nil else { return false }
            let wanted = template.split(separator: "/", omittingEmptySubsequences: false)
            // Branch names may have slashes, and {head} takes what remains.
            let isOpen = wanted.last == "{head}" && parts.count > wanted.count
            guard isOpen || wanted.count == parts.count else { return false }
            return zip(wanted, parts).allSatisfy { $0.hasPrefix("{") && !$1.isEmpty || $0 == $1 }
        }
        // The most literal one, as routers choose; one that takes what remains only at last.
        func order(_ template: String) -> (Int, Int) {
            (-template.count { $0 == "/" }, template.count { $0 == "{" })
        }
        let best = matches.min { order($0) < order($1) }
        return best.flatMap { paths[$0]?[method.lowercased()] as? [String: Any] }
    }

    private func queryViolations(
        _ request: ScriptedRequest, _ parameters: [[String: Any]]
    ) -> [String] {
        let known = parameters.filter { $0["in"] as? String == "query" }
        let query = request.target.drop { $0 != "?" }.dropFirst().split(separator: "&")
        return query.compactMap { pair in
            let name = String(pair.prefix { $0 != "=" })
            guard let parameter = known.first(where: { $0["name"] as? String == name }) else {
                return "no parameter \"\(name)\""
            }
            let value = request.parameter(name) ?? ""
            if parameter["type"] as? String == "integer", Int(value) == nil {
                return "\"\(name)\" is no number"
            }
            if let words = parameter["enum"] as? [String], !words.contains(value) {
                return "\"\(name)\" can't be \"\(value)\""
            }
            return nil
        }
    }

    private func bodyViolations(
        _ request: ScriptedRequest, _ parameters: [[String: Any]]
    ) -> [String] {
        let schema = parameters.first { $0["in"] as? String == "body" }?["schema"] as? [String: Any]
        guard !request.body.isEmpty else { return [] }
        guard let schema else { return ["it takes no body"] }
        guard let value = try? JSONSerialization.jsonObject(with: Data(request.body)) else {
            return ["its body isn't JSON"]
        }
        return violations(of: value, schema, at: "body")
    }

    private func violations(of value: Any, _ schema: [String: Any], at place: String) -> [String] {
        var schema = schema
        if let reference = schema["$ref"] as? String {
            schema = definitions[String(reference.split(separator: "/").last ?? "")] ?? [:]
        }
        switch schema["type"] as? String {
        case "object":
            guard let found = value as? [String: Any] else { return ["\(place) is no object"] }
            let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
            let required = schema["required"] as? [String] ?? []
            // Written in lower case there; every server knows the capital one, older ones only it.
            let object = Dictionary(
                found.map { ($0.key == "Do" ? "do" : $0.key, $0.value) },
                uniquingKeysWith: { first, _ in first })
            return required.filter { object[$0] == nil }.map { "\(place) lacks \"\($0)\"" }
                + object.flatMap { key, value in
                    properties[key].map { violations(of: value, $0, at: "\(place).\(key)") }
                        ?? ["\(place) has no \"\(key)\""]
                }
        case "array":
            guard let list = value as? [Any] else { return ["\(place) is no list"] }
            let items = schema["items"] as? [String: Any] ?? [:]
            return list.flatMap { violations(of: $0, items, at: place + "[]") }
        case "string": return value is String ? [] : ["\(place) is no text"]
        case "integer": return value is Int ? [] : ["\(place) is no whole number"]
        case "boolean": return value is Bool ? [] : ["\(place) is no boolean"]
        default: return []
        }
    }
}
