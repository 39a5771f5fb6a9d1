extension SandboxPolicy {
    /// Reads `sandbox: workspace-write`, or a map: `{level: isolated, read: [~/.cargo], write: [/data],
    /// endpoints: [api.anthropic.com:443]}`.
    public init(_ agent: SettingsReader) {
        self.init()
        guard let node = agent.node("sandbox") else { return }
        guard case .map = node.value else {
            if let level = agent.choice("sandbox", SandboxLevel.self) {
                self.level = level
                isRequired = true
            }
            return
        }
        guard let reader = agent.map("sandbox", of: "sandbox") else { return }
        let named = reader.choice("level", SandboxLevel.self)
        if let named {
            level = named
            isRequired = true
        }
        reads = Self.paths("read", reader)
        writes = Self.paths("write", reader)
        for text in reader.texts("endpoints") ?? [] {
            if let endpoint = NetworkEndpoint(text) {
                endpoints.append(endpoint)
            } else {
                reader.mistake(
                    "an endpoint is a host and a port, \"api.example.org:443\", not \"\(text)\"",
                    at: reader.location(of: "endpoints", text))
            }
        }
        // A level that was mistyped is a mistake already.
        let isUnknown = named == nil && reader.node("level") != nil
        if !endpoints.isEmpty, level != .isolated, !isUnknown {
            reader.mistake(
                "\"endpoints\" count with level isolated only: at \(level.rawValue) the whole network "
                    + "can be reached; say \"level: isolated\", or leave them out",
                at: reader.location(of: "endpoints"))
        }
        reader.finish()
    }

    private static func paths(_ key: String, _ reader: SettingsReader) -> [String] {
        let paths = reader.texts(key) ?? []
        for path in paths {
            let isAbsolute = path.hasPrefix("/") || path.hasPrefix("~/")
            if !isAbsolute || path.split(separator: "/").contains("..") {
                reader.mistake(
                    "\"\(key)\" holds absolute paths, or such below \"~/\", not \"\(path)\"",
                    at: reader.location(of: key, path))
            }
        }
        return paths
    }
}

extension NetworkEndpoint {
    /// Takes "host:port" apart; an IPv6 address stands in brackets.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]), (1...65535).contains(port)
        else { return nil }
        var host = text[..<colon].lowercased()
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        let name = host.hasPrefix("*.") ? String(host.dropFirst(2)) : host
        guard !name.isEmpty, !name.contains("*"), !name.contains("/"),
            !name.contains(where: \.isWhitespace)
        else { return nil }
        self.init(host: host, port: port)
    }
}

extension Budgets {
    /// Reads `{run: {tokens: 2000000, usd: 5, minutes: 90, output_mb: 256}, issue: {…}, day: {…},
    /// warn_percent: 80}`.
    init(_ reader: SettingsReader?) {
        self.init()
        guard let reader else { return }
        run = Budget(reader.map("run", of: "budgets.run"))
        issue = Budget(reader.map("issue", of: "budgets.issue"))
        day = Budget(reader.map("day", of: "budgets.day"))
        warnsAtPercent = reader.integer("warn_percent", in: 1...100) ?? 80
        reader.finish()
    }
}

extension Budget {
    init(_ reader: SettingsReader?) {
        self.init()
        guard let reader else { return }
        tokens = reader.integer("tokens", in: 1...1_000_000_000_000).map(Int64.init)
        time = reader.integer("minutes", in: 1...1_000_000).map { .seconds($0 * 60) }
        outputBytes = reader.integer("output_mb", in: 1...1_000_000).map { Int64($0) << 20 }
        if let text = reader.text("usd") {
            money = Money(text)
            if money == nil {
                reader.mistake(
                    "\"usd\" is an amount such as 2.50, not \"\(text)\"",
                    at: reader.location(of: "usd"))
            }
        }
        reader.finish()
    }
}

extension Money {
    /// Takes "2", "2.5" or "0.000123" apart; `nil` for anything else, for more than six decimals and
    /// for a million or more.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let digits = { (part: Substring) in part.utf8.allSatisfy { (48...57).contains($0) } }
        guard (1...2).contains(parts.count), (1...6).contains(parts[0].count),
            parts.allSatisfy(digits), let whole = Int64(parts[0])
        else { return nil }
        var micro: Int64 = 0
        if parts.count == 2 {
            guard (1...6).contains(parts[1].count) else { return nil }
            let padded = parts[1] + String(repeating: "0", count: 6 - parts[1].count)
            guard let fraction = Int64(padded) else { return nil }
            micro = fraction
        }
        self.init(microdollars: whole * 1_000_000 + micro)
    }
}

extension ToolServer {
    /// Reads `mcp: {files: {command: [mcp-files, --root, .], variables: {…}}, docs: {url: https://…,
    /// headers: {…}}}`.
    static func all(_ agent: SettingsReader) -> [ToolServer] {
        guard let reader = agent.map("mcp", of: "mcp") else { return [] }
        defer { reader.finish() }
        return reader.keys.compactMap { name in
            guard let server = reader.map(name, of: "mcp.\(name)") else { return nil }
            defer { server.finish() }
            let command = server.texts("command")
            let url = server.text("url")
            let variables = server.textMap("variables") ?? []
            let headers = server.textMap("headers") ?? []
            func dictionary(_ pairs: [(key: String, value: String)]) -> [String: String] {
                Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
            }
            switch (command, url) {
            case (let words?, nil) where !words.isEmpty:
                return ToolServer(
                    name: name, transport: .command(words, environment: dictionary(variables)))
            case (nil, let url?) where url.hasPrefix("http://") || url.hasPrefix("https://"):
                return ToolServer(
                    name: name, transport: .http(url: url, headers: dictionary(headers)))
            default:
                server.mistake(
                    "an MCP server has either \"command\", a list of words, or \"url\", an http address",
                    at: server.location)
                return nil
            }
        }
    }
}
