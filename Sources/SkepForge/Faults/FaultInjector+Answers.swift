import Hummingbird

extension FaultInjector {
    /// Answers a call to the API, with the faults that it is to have.
    ///
    /// - Parameter dispatch: Does what is asked for.
    func answer(
        _ call: Call, isHead: Bool, _ dispatch: (Call) async throws -> Answer
    ) async throws -> Response {
        let faults = faults(method: isHead ? "HEAD" : call.method, path: call.path)
        if faults.isEmpty {
            return ForgeResponder.response(try await dispatch(call), isHead: isHead)
        }
        if faults.contains(.slow) { try await Task.sleep(for: plan.delay) }
        if faults.contains(.badGateway) {
            return ForgeResponder.response(
                .plain("<html><h1>502 Bad Gateway</h1></html>", status: 502), isHead: isHead)
        }
        if faults.contains(.tooMany) {
            var answer = Answer.plain("Too many requests\n", status: 429)
            answer.headers.append(("Retry-After", "1"))
            return ForgeResponder.response(answer, isHead: isHead)
        }
        if faults.contains(.redirect) {
            var answer = Answer.empty(307)
            answer.headers.append(("Location", call.addresses.root + call.target))
            return ForgeResponder.response(answer, isHead: isHead)
        }
        var answer = try await dispatch(call)
        if faults.contains(.errorAfterWrite) {
            throw Refusal(status: 500, message: "Internal Server Error")
        }
        if faults.contains(.repeatPage), let earlier = call.onPageBefore {
            answer.body = try await dispatch(earlier).body
        }
        return ForgeResponder.response(
            answer, isHead: isHead, isCut: faults.contains(.cut) && !isHead)
    }
}

extension Call {
    /// The same, of the page before the one that is asked for; `nil` on the first.
    fileprivate var onPageBefore: Call? {
        guard page.number > 1 else { return nil }
        let kept = query.filter { $0.name != "page" }
        var earlier = self
        earlier.query = kept + [("page", String(page.number - 1))]
        return earlier
    }
}
