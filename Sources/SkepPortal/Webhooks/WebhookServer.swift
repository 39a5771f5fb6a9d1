internal import Foundation
internal import HTTPTypes
internal import Hummingbird
public import Logging
internal import NIOCore
public import SkepCore

/// Listens for a tracker's webhooks, at `POST /hooks`.
///
/// A delivery is checked and answered at once; what it points at is looked at afterwards, once for
/// however many came. Losing one loses nothing: the tracker is asked regularly all the same.
public struct WebhookServer: Sendable {
    public struct Configuration: Sendable {
        /// An address of this machine.
        public var host: String
        /// 0 for any that is free.
        public var port: Int
        /// What the tracker signs with.
        public var secret: Secret
        public var repositories: Set<RepositoryName>

        public init(
            host: String, port: Int, secret: Secret, repositories: Set<RepositoryName>
        ) {
            self.host = host
            self.port = port
            self.secret = secret
            self.repositories = repositories
        }
    }

    /// Bytes of a delivery. A push of many commits takes some megabytes.
    static let bodyLimit = 16 << 20

    private let configuration: Configuration
    private let responder: WebhookResponder
    private let logger: Logger

    /// - Parameter hint: Called for each delivery that is new; must return at once.
    public init(
        _ configuration: Configuration, logger: Logger,
        hint: @escaping @Sendable (WebhookHint) -> Void
    ) {
        self.configuration = configuration
        self.logger = logger
        responder = WebhookResponder(
            receiver: WebhookReceiver(
                secret: configuration.secret, repositories: configuration.repositories),
            logger: logger, hint: hint)
    }

    /// Listens until the task is cancelled.
    ///
    /// - Parameter onReady: Called with the port when deliveries are taken.
    /// - Throws: `PortalError`.
    public func run(onReady: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
        let host = configuration.host
        let port = configuration.port
        let logger = logger
        // Hummingbird logs each connection; what matters is logged here.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .critical)
        let application = Application(
            responder: responder,
            server: .http1(configuration: .init(idleTimeout: .seconds(60))),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                logger.notice(
                    "Listening for webhooks",
                    metadata: ["webhooks.url": "http://\(host):\(port)/hooks"])
                onReady(port)
            }, logger: quiet)
        do {
            try await application.run()
        } catch is SocketAddressError.UnknownHost {
            throw PortalError.notAnAddress(host)
        } catch let error as IOError {
            throw PortalError.addressUnavailable(
                "\(host):\(port)", reason: String(cString: strerror(error.errnoCode)))
        }
    }
}

/// Answers requests.
struct WebhookResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let receiver: WebhookReceiver
    let logger: Logger
    let hint: @Sendable (WebhookHint) -> Void

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let path = (request.head.path ?? "/").prefix { $0 != "?" }
        guard path == "/hooks" || path == "/hooks/" else {
            return Self.answer(.notFound, "Webhooks are sent to /hooks.")
        }
        guard request.method == .post else {
            return Self.answer(.methodNotAllowed, "Webhooks are sent with POST.")
        }
        let body: [UInt8]
        do {
            body = Array(
                buffer: try await request.body.collect(upTo: WebhookServer.bodyLimit))
        } catch is NIOTooManyBytesError {
            return Self.answer(.contentTooLarge, "A delivery has at most 16 MiB.")
        }
        let delivery = WebhookReceiver.Delivery(
            signature: Self.header(request, "Signature")
                ?? Self.field(request, "X-Hub-Signature-256"),
            id: Self.header(request, "Delivery"), event: Self.header(request, "Event"),
            isForm: Self.field(request, "Content-Type")?.lowercased()
                .hasPrefix("application/x-www-form-urlencoded") ?? false,
            body: body)
        return answer(receiver.judge(delivery), delivery)
    }

    private func answer(_ verdict: WebhookReceiver.Verdict, _ delivery: WebhookReceiver.Delivery)
        -> Response
    {
        let event = delivery.event ?? ""
        switch verdict {
        case .taken(let hint):
            logger.debug(
                "Took webhook",
                metadata: [LogKeys.repository: "\(hint.repository)", "webhook.event": "\(event)"])
            self.hint(hint)
            return Self.answer(.accepted, "Taken.")
        case .seenBefore: return Self.answer(.ok, "Seen before.")
        case .notOurs: return Self.answer(.ok, "Not a repository that is worked on.")
        case .unsigned:
            logger.warning("Refused webhook without a signature")
            return Self.answer(
                .unauthorized, "No signature: give the webhook the secret that Skep knows.")
        case .wronglySigned:
            logger.warning("Refused webhook with a wrong signature")
            return Self.answer(
                .unauthorized, "The signature is wrong: the webhook has another secret.")
        case .unreadable(let why):
            logger.warning("Can't read webhook", metadata: [LogKeys.error: "\(why)"])
            return Self.answer(.badRequest, "The delivery can't be read.")
        }
    }

    /// "X-Forgejo-Event", "X-Gitea-Event" and so on.
    private static func header(_ request: Request, _ name: String) -> String? {
        field(request, "X-Gitea-\(name)") ?? field(request, "X-Forgejo-\(name)")
    }

    private static func field(_ request: Request, _ name: String) -> String? {
        HTTPField.Name(name).flatMap { request.headers[$0] }
    }

    private static func answer(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
    }
}
