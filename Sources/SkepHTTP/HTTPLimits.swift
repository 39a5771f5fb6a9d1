/// How long a transfer may take and how much it may bring.
public struct HTTPLimits: Hashable, Sendable {
    /// Time to look up the host, connect and agree on TLS. 10 s by default; at least 1 ms.
    public var connect: Duration
    /// Time for one transfer from its start to its last byte, connecting included. 120 s by
    /// default. A redirect begins a transfer of its own; waiting for a free place isn't counted.
    public var total: Duration
    /// Time without a single byte after which a transfer is given up. 30 s by default; rounded up
    /// to whole seconds, which is what libcurl counts in.
    public var stall: Duration
    /// Bytes a response's body may have, after decompression. 64 MiB by default.
    public var body: Int
    /// Redirects followed in a row. 5 by default.
    public var redirects: Int

    public init(
        connect: Duration = .seconds(10), total: Duration = .seconds(120),
        stall: Duration = .seconds(30), body: Int = 64 << 20, redirects: Int = 5
    ) {
        self.connect = connect
        self.total = total
        self.stall = stall
        self.body = body
        self.redirects = redirects
    }

    /// Bytes that all header lines of a response may have together: far above what servers send.
    static let head = 256 << 10
}
