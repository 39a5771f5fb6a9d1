import SkepCore

/// What an agent asks of Skep in a session, and the answers.
struct ACPRequests: Sendable {
    /// Those that are seen to, in the order they came.
    private var open: [ACPRequest] = []
    /// Those that came when there were many.
    private var waiting: ArraySlice<ACPRequest> = []
    /// Of all that have no answer.
    private var ids: Set<JSONValue> = []
    private(set) var refusals = Refusals()
    private var seen = 0

    /// Of terminals, some are waited for while others are asked about. However many there are, a
    /// further one costs no more.
    private static let mostAtOnce = 128

    var areAnswered: Bool { open.isEmpty }

    /// - Returns: `nil` when an open one has its id: answers couldn't tell them apart.
    mutating func take(id: JSONValue, method: String, params: JSONValue?) -> ACPRequest? {
        guard ids.insert(id).inserted else { return nil }
        seen += 1
        let request = ACPRequest(number: seen, id: id, method: method, params: params ?? [:])
        waiting.append(request)
        fill()
        return request
    }

    private mutating func fill() {
        while open.count < Self.mostAtOnce, let next = waiting.popFirst() { open.append(next) }
    }

    /// The log shows an answer as said.
    mutating func said(
        _ answer: ACPAnswer, to id: JSONValue, _ updates: ACPUpdates, wasCancelled: Bool
    ) -> [SessionEvent.Kind] {
        guard let index = open.firstIndex(where: { $0.id == id }) else { return [] }
        let request = open.remove(at: index)
        ids.remove(id)
        fill()
        guard request.method == "session/request_permission", case .success(let result) = answer
        else { return [] }
        return refusals.events(
            ACPPermission(request, updates).decision(told: result, wasCancelled: wasCancelled))
    }

    /// What the open ones come to. Files are read and written one after the other, and so are answers
    /// said that need nothing done.
    func wishes(
        _ updates: ACPUpdates, _ permissions: PermissionPolicy, wasCancelled: Bool
    ) -> [Wish] {
        var wishes: [Wish] = []
        var hasFile = false
        var hasAnswer = false
        for request in open {
            let errand = ACPErrand(request: request, permissions: permissions)
            if errand.isKnown {
                let isFile = request.method.hasPrefix("fs/")
                if isFile, hasFile { continue }
                hasFile = hasFile || isFile
                wishes.append(
                    .perform(key: "request-\(request.number)") { place in
                        ACPMessage.answer(id: request.id, await errand.perform(place)).line
                    })
            } else if !hasAnswer {
                hasAnswer = true
                let answer = answer(request, updates, permissions, wasCancelled: wasCancelled)
                wishes.append(.say(ACPMessage.answer(id: request.id, answer).line))
            }
        }
        return wishes
    }

    private func answer(
        _ request: ACPRequest, _ updates: ACPUpdates, _ permissions: PermissionPolicy,
        wasCancelled: Bool
    ) -> ACPAnswer {
        switch request.method {
        case "session/request_permission":
            .success(
                wasCancelled
                    ? ACPPermission.cancelled : ACPPermission(request, updates).answer(permissions))
        case "elicitation/create": .success(["action": wasCancelled ? "cancel" : "decline"])
        default: .failure(.noSuchMethod(request.method))
        }
    }
}
