import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Answers requests: who asks, is it for this host, which part of the tracker is meant.
struct ForgeResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    /// With "none" a request meets no faults.
    // A constant that is a header's name.
    private static let faultsHeader = HTTPField.Name("X-Skep-Faults")!
    /// Bytes of a body that isn't a push.
    static let bodyLimit = 16 << 20
    /// Bytes of a refused body that are read for nothing.
    private static let discardLimit = 256 << 20

    /// Ends a connection on purpose.
    private struct CutOff: Error {}

    private let forge: Forge
    private let hostCheck: HostCheck
    private let allowsAnonymousReading: Bool
    private let api: Routes<Call>
    private let pages: Routes<Call>
    private let backend: GitBackend
    private let pageRenderer: PageRenderer
    private let sessions = PageSessions()
    private let memory: QuirkMemory
    private let faults: FaultInjector
    private let hooksReachFar: Bool
    private let logger: Logger

    init(
        forge: Forge, hostCheck: HostCheck, allowsAnonymousReading: Bool, version: String,
        quirks: GiteaQuirks, faults: FaultPlan, hooksReachFar: Bool, logger: Logger
    ) throws {
        self.forge = forge
        self.hostCheck = hostCheck
        self.allowsAnonymousReading = allowsAnonymousReading
        self.logger = logger
        self.hooksReachFar = hooksReachFar
        memory = QuirkMemory(quirks)
        self.faults = FaultInjector(faults)
        api = ForgeAPI.routes()
        pageRenderer = try PageRenderer(version: version)
        pages = ForgePages.routes(pageRenderer, sessions)
        backend = GitBackend(forge: forge, logger: logger)
    }

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let authority = request.head.authority ?? ""
        guard hostCheck.allows(authority) else {
            return Self.response(
                .plain(
                    "This server isn't called \"\(authority)\". Use its address, or let it know the name.\n",
                    status: 421), isHead: false)
        }
        let target = request.head.path ?? "/"
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = PercentCoding.segments(halves.first ?? "")
        let isAPI = path.map { $0.count >= 2 && $0[0] == "api" && $0[1] == "v1" } ?? false
        // A body that nobody reads would hold up its client: every way out reads it to its end.
        var isBodyTaken = false
        var isPage = !isAPI
        do {
            guard let path else { throw Refusal.badRequest("The path is badly coded.") }
            let query = PercentCoding.query(halves.count > 1 ? halves[1] : "")
            let service = GitBackend.Service(path: path, query: query)
            isPage = !isAPI && service == nil
            var (caller, scope) = try await caller(of: request)
            if let service {
                if caller != nil {
                    let level: TokenScope.Level = service.kind == .receive ? .write : .read
                    try ScopeRule.check(scope, level, [.repository])
                }
                guard caller != nil || allowsAnonymousReading else { throw Refusal.unauthorized }
                let repository = try await backend.authorize(
                    request.method, service, caller: caller, scope: scope)
                isBodyTaken = true
                return try await backend.respond(
                    to: request, service, repository, caller: caller,
                    query: String(halves.dropFirst().first ?? ""))
            }
            let cookies = isPage ? request.headers[.cookie] ?? "" : ""
            if caller == nil, !cookies.isEmpty {
                caller = try await sessions.find(in: cookies, host: authority, forge)?.user
            }
            guard caller != nil || allowsAnonymousReading || isPublic(path) else {
                throw Refusal.unauthorized
            }
            let isHead = request.method == .head
            isBodyTaken = true
            let body = try await Self.collect(request)
            let call = Call(
                forge: forge, method: isHead ? "GET" : request.method.rawValue,
                path: isAPI ? Array(path.dropFirst(2)) : path, target: target, query: query,
                body: body, caller: caller, scope: scope,
                isBasic: Credentials.isBasic(request.headers[.authorization]),
                addresses: Addresses(root: "http://" + authority), cookies: cookies, memory: memory,
                hooksReachFar: hooksReachFar)
            guard isAPI else {
                return Self.response(try await dispatch(call, in: pages), isHead: isHead)
            }
            if caller != nil {
                try ScopeRule.check(scope, method: call.method, path: call.path)
            }
            // Tests prepare and check around the faults.
            guard request.headers[Self.faultsHeader] != "none" else {
                return Self.response(try await dispatch(call, in: api), isHead: isHead)
            }
            return try await faults.answer(call, isHead: isHead) { call in
                try await dispatch(call, in: api)
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            if !isBodyTaken { try await Self.discard(request) }
            return failure(
                error, request: request, target: target, authority: authority, isAPI: isAPI,
                isPage: isPage)
        }
    }

    /// What may be asked without a token wherever the server listens.
    private func isPublic(_ path: [String]) -> Bool {
        path == ["api", "v1", "version"] || path.first == "assets"
            || path == ["favicon.ico"] || path == PageSessions.signInPath
    }

    private func caller(of request: Request) async throws -> (UserRow?, TokenScope) {
        guard let token = try Credentials.token(in: request.headers[.authorization]) else {
            return (nil, .all)
        }
        let hash = Token(value: token).hash
        let found = try await forge.store.read { db -> (UserRow, TokenScope)? in
            guard let row = try TokenRow.find(db, hash: hash) else { return nil }
            return (try UserRow.find(db, id: row.userId), TokenScope(stored: row.scopes))
        }
        guard let found else { throw Refusal.badToken }
        return found
    }

    /// Reads a body whole. One that is too large is read too, up to a limit of its own, so that
    /// its client comes to see the answer.
    private static func collect(_ request: Request) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        var count = 0
        for try await buffer in request.body {
            count += buffer.readableBytes
            guard count <= discardLimit else { break }
            if count <= bodyLimit { bytes += buffer.readableBytesView }
        }
        guard count <= bodyLimit else { throw Refusal.tooLarge }
        return bytes
    }

    private static func discard(_ request: Request) async throws {
        var count = 0
        for try await buffer in request.body {
            count += buffer.readableBytes
            guard count <= discardLimit else { break }
        }
    }

    private func dispatch(_ call: Call, in routes: Routes<Call>) async throws -> Answer {
        switch routes.match(call.method, call.path) {
        case .found(let action, let parameters):
            var call = call
            call.parameters = parameters
            return try await action(call)
        case .wrongMethod(let allowed):
            var answer = Answer.json(
                [
                    "message": "Method Not Allowed",
                    "url": .string(Self.documentation(call.addresses)),
                ],
                status: 405)
            answer.headers.append(("Allow", allowed.joined(separator: ", ")))
            return answer
        case .none:
            throw Refusal.notFound
        }
    }

    private static func documentation(_ addresses: Addresses) -> String {
        addresses.root + "/api/swagger"
    }

    private func failure(
        _ error: any Error, request: Request, target: String, authority: String, isAPI: Bool,
        isPage: Bool
    ) -> Response {
        let refusal: Refusal
        if let known = Refusal(error) {
            refusal = known
        } else {
            logger.error(
                "Couldn't answer a request",
                metadata: [
                    "http.method": "\(request.method)", "http.target": "\(target)",
                    "error": "\(error)",
                ])
            refusal = Refusal(status: 500, message: "The tracker failed; its log says why.")
        }
        let addresses = Addresses(root: "http://" + authority)
        var answer: Answer
        if isAPI {
            answer = .json(
                [
                    "message": .string(refusal.message),
                    "url": .string(Self.documentation(addresses)),
                ], status: refusal.status)
        } else {
            answer = pageRenderer.failure(refusal, target: target)
        }
        // git asks for a token then; people find a link to the form.
        if refusal.status == 401 && !isAPI && !isPage {
            answer.headers.append(("WWW-Authenticate", "Basic realm=\"Skep\""))
        }
        if refusal.status == 413 { answer.headers.append(("Connection", "close")) }
        return Self.response(answer, isHead: request.method == .head)
    }

    /// - Parameter isCut: Whether the connection is to end in the middle of the body.
    static func response(_ answer: Answer, isHead: Bool, isCut: Bool = false) -> Response {
        var headers = HTTPFields()
        headers[.xContentTypeOptions] = "nosniff"
        headers[.cacheControl] = "no-store"
        for header in answer.headers {
            guard let name = HTTPField.Name(header.name) else { continue }
            headers[name] = header.value
        }
        let bytes: [UInt8]
        switch answer.body {
        case .none: bytes = []
        case .json(let value):
            headers[.contentType] = "application/json;charset=utf-8"
            bytes = value.bytes
        case .bytes(let content):
            headers[.contentType] = "application/octet-stream"
            bytes = content
        case .text(let text, let type):
            headers[.contentType] = type
            headers[.contentSecurityPolicy] =
                "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
            if let name = HTTPField.Name("Referrer-Policy") { headers[name] = "same-origin" }
            bytes = Array(text.utf8)
        }
        let status = HTTPResponse.Status(code: answer.status)
        if isHead {
            headers[.contentLength] = String(bytes.count)
            return Response(status: status, headers: headers)
        }
        if isCut {
            headers[.contentLength] = String(max(bytes.count, 2))
            let half = ByteBuffer(bytes: bytes.prefix(bytes.count / 2))
            return Response(
                status: status, headers: headers,
                body: ResponseBody { writer in
                    try await writer.write(half)
                    throw CutOff()
                })
        }
        return Response(
            status: status, headers: headers,
            body: bytes.isEmpty
                ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
