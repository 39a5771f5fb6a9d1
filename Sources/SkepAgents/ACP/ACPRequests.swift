import SkepCore

/// What an agent asks of Skep in a session, and the answers.
struct ACPRequests: Sendable {
    /// Those without an answer, in the order they came.
    private(set) var open: [ACPRequest] = []
    private(set) var refusals = Refusals()
    private var seen = 0

    /// Of terminals, some are waited for while others are asked about.
    private static let mostAtOnce = 128

    /// - Returns: `nil` when an open one has its id: answers couldn't tell them apart.
    mutating func take(id: JSONValue, method: String, params: JSONValue?) -> ACPRequest? {
        guard !open.contains(where: { $0.id == id }) else { return nil }
        seen += 1
        let request = ACPRequest(number: seen, id: id, method: method, params: params ?? [:])
        open.append(request)
        return request
    }

    /// The log shows an answer as said.
    mutating func said(
        _ answer: ACPAnswer, to id: JSONValue, _ updates: ACPUpdates, wasCancelled: Bool
    ) -> [SessionEvent.Kind] {
        guard let index = open.firstIndex(where: { $0.id == id }) else { return [] }
        let request = open.remove(at: index)
        guard request.method == "session/request_permission", case .success(let result) = answer
        else { return [] }
        return refusals.events(
            ACPPermission(request, updates).decision(told: result, wasCancelled: wasCancelled))
    }

    /// What the open ones come to. Files are read and written one after the other.
    func wishes(
        _ updates: ACPUpdates, _ permissions: PermissionPolicy, wasCancelled: Bool
    ) -> [Wish] {
        let firstFile = open.first { $0.method.hasPrefix("fs/") }?.number
        return open.filter { !$0.method.hasPrefix("fs/") || $0.number == firstFile }
            .prefix(Self.mostAtOnce).map { request in
                func say(_ answer: ACPAnswer) -> Wish {
                    .say(ACPMessage.answer(id: request.id, answer).line)
                }
                switch request.method {
                case "session/request_permission":
                    return say(
                        .success(
                            wasCancelled
                                ? ACPPermission.cancelled
                                : ACPPermission(request, updates).answer(permissions)))
                case "elicitation/create":
                    return say(.success(["action": wasCancelled ? "cancel" : "decline"]))
                default:
                    let errand = ACPErrand(request: request, permissions: permissions)
                    guard errand.isKnown else {
                        return say(.failure(.noSuchMethod(request.method)))
                    }
                    return .perform(key: "request-\(request.number)") { place in
                        ACPMessage.answer(id: request.id, await errand.perform(place)).line
                    }
                }
            }
    }
}
