/// Where a redirect leads, and what may be taken along.
///
/// libcurl could follow redirects itself, but its rules for what happens to method, body and
/// `Authorization` differ between versions; here they are in one place and tested.
struct Redirect {
    /// The request to send next; `nil` when the response is an answer and not a redirect to follow.
    ///
    /// - GET and HEAD follow 301, 302, 303, 307 and 308. Other methods follow only 307 and 308,
    ///   which promise that method and body stay the same.
    /// - Credentials go along only within one origin.
    /// - A write that would leave its origin is refused: without its credential it can't succeed,
    ///   and what it says was meant for somebody else.
    static func next(
        after response: HTTPResponse, to request: HTTPRequest
    ) throws(HTTPError) -> HTTPRequest? {
        let followed = request.method.isRead ? [301, 302, 303, 307, 308] : [307, 308]
        guard followed.contains(response.status), let location = response.headers["Location"]
        else { return nil }

        let url = try request.url.resolving(location)
        var next = request
        next.url = url
        guard url.origin != request.url.origin else { return next }
        guard request.method.isRead else {
            throw .redirectRefused(from: request.url.origin, to: url.origin)
        }
        for field in request.headers.fields where field.isCredential {
            next.headers[field.name] = nil
        }
        return next
    }
}
