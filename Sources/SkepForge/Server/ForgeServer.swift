import Foundation
import HTTPTypes
import Hummingbird
public import Logging
import NIOCore
public import ServiceLifecycle

/// Serves the tracker over HTTP: the API, the git repositories, and pages to look at.
///
/// It listens on loopback only, unless told otherwise, and refuses requests whose Host is a name
/// it doesn't know: a page in somebody's browser could otherwise have its own name lead here.
public struct ForgeServer: Service {
    /// Where it listens once it does.
    public struct Address: Sendable, Equatable {
        public let host: String
        public let port: Int
        /// Such as "http://127.0.0.1:3000".
        public var url: String {
            host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)"
        }
    }

    private let forge: Forge
    private let host: String
    private let port: Int
    private let responder: ForgeResponder
    private let logger: Logger
    private let deliverer: HookDeliverer
    private let onReady: @Sendable (Address) async -> Void

    /// - Parameters:
    ///   - host: An address of this machine.
    ///   - port: 0 for any that is free.
    ///   - allowRemote: Whether other machines may reach it, which then need a token for everything.
    ///   - allowedHosts: Further names that clients may use for this server.
    ///   - version: Skep's, for the foot of the pages.
    ///   - quirks: Habits of Gitea for clients to stumble over.
    ///   - faults: What goes wrong on purpose.
    ///   - hooksReachFar: Whether hooks may lead to other machines.
    ///   - onReady: Called when requests are taken.
    /// - Throws: `ForgeError.remoteBindRefused`, `.notAnAddress`.
    public init(
        forge: Forge, host: String = "127.0.0.1", port: Int = 0, allowRemote: Bool = false,
        allowedHosts: [String] = [], version: String = "", quirks: GiteaQuirks = .none,
        faults: FaultPlan = FaultPlan(), hooksReachFar: Bool = false, logger: Logger,
        onReady: @escaping @Sendable (Address) async -> Void = { _ in }
    ) throws {
        let isLoopback = HostCheck.isLoopback(host)
        guard isLoopback || allowRemote else {
            throw HostCheck.isNumeric(host)
                ? ForgeError.remoteBindRefused(host: host) : ForgeError.notAnAddress(host)
        }
        self.forge = forge
        self.host = host
        self.port = port
        self.logger = logger
        self.onReady = onReady
        responder = try ForgeResponder(
            forge: forge,
            hostCheck: HostCheck(names: allowedHosts + [host], onlyLoopback: isLoopback),
            allowsAnonymousReading: isLoopback, version: version, quirks: quirks, faults: faults,
            hooksReachFar: hooksReachFar, logger: logger)
        deliverer = HookDeliverer(
            forge: forge, poster: HookPoster(reach: hooksReachFar ? .anywhere : .loopback),
            logger: logger)
    }

    /// Opens a data folder and serves it.
    public init(
        dataFolder: String, host: String = "127.0.0.1", port: Int = 0, allowRemote: Bool = false,
        version: String = "", quirks: GiteaQuirks = .none, faults: FaultPlan = FaultPlan(),
        hooksReachFar: Bool = false, logger: Logger,
        onReady: @escaping @Sendable (Address) async -> Void = { _ in }
    ) async throws {
        try self.init(
            forge: try await Forge(dataFolder: dataFolder), host: host, port: port,
            allowRemote: allowRemote, version: version, quirks: quirks, faults: faults,
            hooksReachFar: hooksReachFar, logger: logger, onReady: onReady)
    }

    /// Serves until the task is cancelled or a graceful shutdown is asked for; requests that are
    /// under way are answered.
    ///
    /// - Throws: `ForgeError.alreadyServed`, `.addressUnavailable`, `.notAnAddress`.
    public func run() async throws {
        let lock = try ServeLock(dataFolder: forge.dataFolder)
        defer { withExtendedLifetime(lock) {} }
        if !forge.hasGit {
            logger.warning("No git program: repositories can't be made, pulled, pushed or merged")
        }
        let onReady = onReady
        let forge = forge
        let host = host
        let logger = logger
        // Hummingbird logs each connection; what matters is logged here.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .critical)
        let application = Application(
            responder: responder,
            server: .http1(configuration: .init(idleTimeout: .seconds(120))),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in
                let address = Address(host: host, port: channel.localAddress?.port ?? 0)
                logger.notice("Serving the tracker", metadata: ["forge.url": "\(address.url)"])
                // What other programs change, hooks are told of with this address.
                try? await forge.store.write { db, _ in
                    try SettingRow.set(db, SettingRow.address, address.url)
                }
                await onReady(address)
            }, logger: quiet)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await deliverer.run() }
                group.addTask { await PushWatcher(forge: forge, logger: logger).run() }
                try await application.run()
                group.cancelAll()
            }
        } catch is SocketAddressError.UnknownHost {
            throw ForgeError.notAnAddress(host)
        } catch let error as IOError {
            throw ForgeError.addressUnavailable(
                address: "\(host):\(port)", reason: String(cString: strerror(error.errnoCode)))
        }
    }
}
