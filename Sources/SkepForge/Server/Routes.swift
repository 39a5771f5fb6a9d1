/// Finds what answers a path.
///
/// A pattern has literal segments, `{name}` for one segment, `{index}` for one that is a number,
/// and at most one `{name...}` for one or more, since branches have slashes in their names. The
/// first pattern that fits is taken, so the particular ones stand first.
struct Routes<Context>: Sendable {
    typealias Action = @Sendable (Context) async throws -> Answer

    private enum Segment: Sendable {
        case literal(String)
        case number(String)
        case one(String)
        case many(String)
    }

    private struct Route: Sendable {
        let method: String
        let segments: [Segment]
        let action: Action
    }

    enum Match {
        case found(Action, [String: String])
        /// The path is known, but not with this method.
        case wrongMethod(allowed: [String])
        case none
    }

    private var routes: [Route] = []

    mutating func on(_ method: String, _ pattern: String, _ action: @escaping Action) {
        let segments = pattern.split(separator: "/").map { part -> Segment in
            guard part.hasPrefix("{"), part.hasSuffix("}") else { return .literal(String(part)) }
            let name = String(part.dropFirst().dropLast())
            if name.hasSuffix("...") { return .many(String(name.dropLast(3))) }
            return name == "index" || name == "id" ? .number(name) : .one(name)
        }
        routes.append(Route(method: method, segments: segments, action: action))
    }

    /// - Parameter path: The segments between slashes, each decoded.
    func match(_ method: String, _ path: [String]) -> Match {
        var allowed: [String] = []
        for route in routes {
            guard let parameters = Self.parameters(of: route.segments, in: path) else { continue }
            if route.method == method { return .found(route.action, parameters) }
            allowed.append(route.method)
        }
        return allowed.isEmpty ? .none : .wrongMethod(allowed: allowed)
    }

    private static func parameters(of segments: [Segment], in path: [String]) -> [String: String]? {
        var parameters: [String: String] = [:]
        var rest = path[...]
        for (index, segment) in segments.enumerated() {
            guard let first = rest.first else { return nil }
            switch segment {
            case .literal(let text):
                guard text == first else { return nil }
            case .number(let name):
                guard let number = Int64(first), number > 0 else { return nil }
                parameters[name] = String(number)
            case .one(let name):
                parameters[name] = first
            case .many(let name):
                let count = rest.count - (segments.count - index - 1)
                guard count >= 1 else { return nil }
                parameters[name] = rest.prefix(count).joined(separator: "/")
                rest = rest.dropFirst(count)
                continue
            }
            rest = rest.dropFirst()
        }
        return rest.isEmpty ? parameters : nil
    }
}
