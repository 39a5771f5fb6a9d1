internal import Foundation
internal import SkepCore
internal import SkepHTTP
internal import SkepQueue

/// Reads what a response's status means.
enum GiteaStatus {
    /// The error a response stands for; `nil` when it is a good answer.
    static func problem(of response: HTTPResponse, to call: GiteaCall, api: GiteaAPI) -> GiteaError?
    {
        let isPage = isWebPage(response)
        let message = isPage ? "" : self.message(response)
        switch response.status {
        case 200..<300:
            guard isPage else { return nil }
            return notGitea(response)
        case 300..<400:
            return .moved(subject: call.subject, to: response.headers["Location"] ?? "nowhere")
        case 401:
            let origin = response.url.origin
            return .unauthorized(
                host: api.root.origin.description, hasToken: api.token != nil,
                redirectedTo: origin == api.root.origin ? nil : origin.description)
        case 403, 404:
            if isPage { return notGitea(response) }
            if response.status == 404 {
                return .notFound(subject: call.subject, hasToken: api.token != nil)
            }
            if let scopes = scopes(in: message) {
                return .missingScope(
                    required: scopes.required, granted: scopes.granted, request: call.description)
            }
            return forbidden(call, message)
        // An archived repository.
        case 423: return forbidden(call, message.isEmpty ? "it is archived" : message)
        case 409: return .conflict(subject: call.subject, message: message)
        case 429, 503:
            let time = response.headers["Retry-After"].flatMap {
                RetryAfter.read($0, now: api.clock.now)
            }
            return .busy(
                host: api.root.origin.description, status: response.status, retryAt: time)
        case 500...:
            return .serverFailed(
                request: call.description, status: response.status, message: message)
        default:
            return .invalid(subject: call.subject, status: response.status, message: message)
        }
    }

    /// Why a JSON couldn't be read, in a few words.
    static func explain(_ error: any Error) -> String {
        func place(_ context: DecodingError.Context) -> String {
            context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        return switch error as? DecodingError {
        case .keyNotFound(let key, let context):
            "\"\([place(context), key.stringValue].filter { !$0.isEmpty }.joined(separator: "."))\" is missing."
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "\"\(place(context))\" is of another type."
        default: "It isn't JSON."
        }
    }

    /// With what the account would need: a withdrawn permission should be told by its name.
    private static func forbidden(_ call: GiteaCall, _ message: String) -> GiteaError {
        .forbidden(
            subject: call.subject, request: call.description, message: message,
            needs: call.place.map {
                "\(call.method.isRead ? "read" : "write") access to \($0.repository)"
            })
    }

    private static func notGitea(_ response: HTTPResponse) -> GiteaError {
        .notGitea(
            url: response.url.origin.description,
            why: "\(response.url.path) answered with a web page (status \(response.status)).")
    }

    private static func isWebPage(_ response: HTTPResponse) -> Bool {
        if response.headers["Content-Type"]?.lowercased().contains("html") == true { return true }
        return response.body.first { $0 > 0x20 } == UInt8(ascii: "<")
    }

    /// What the server says, short enough for a line.
    private static func message(_ response: HTTPResponse) -> String {
        let said = try? JSONDecoder().decode(GiteaMessage.self, from: Data(response.body))
        let text = said?.message ?? ""
        let plain = text.unicodeScalars.map { $0.value < 0x20 ? " " : String($0) }.joined()
        return plain.count > 300 ? plain.prefix(300) + "…" : plain
    }

    /// Reads "token does not have at least one of required scope(s), required=[read:user],
    /// token scope=write:issue,read:misc"; older servers say "required scope(s): [read:user]".
    private static func scopes(in message: String) -> (required: [String], granted: [String])? {
        guard let start = message.firstRange(of: "required scope(s)")?.upperBound,
            let open = message[start...].firstIndex(of: "["),
            let close = message[open...].firstIndex(of: "]")
        else { return nil }
        let required = message[message.index(after: open)..<close]
            .split { $0 == " " || $0 == "," }.map(String.init)
        let granted = message.firstRange(of: "token scope=").map {
            message[$0.upperBound...].split { $0 == " " || $0 == "," }.map(String.init)
        }
        return (required, granted ?? [])
    }
}
