/// Reads requests off a connection: head, and a body of a stated length.
struct ScriptedRequestReader {
    let socket: ScriptedSocket
    private var buffer: [UInt8] = []

    init(socket: ScriptedSocket) { self.socket = socket }

    /// The next request; `nil` when the client has left, or sends what isn't one.
    mutating func next(connection: Int) -> ScriptedRequest? {
        guard let head = readHead() else { return nil }
        let lines = head.components(by: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3 else { return nil }
        let headers = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            return (String(line[..<colon]), String(value))
        }
        let length = headers.first { $0.name.lowercased() == "content-length" }?.value
        guard let body = read(length.flatMap { Int($0) } ?? 0) else { return nil }
        return ScriptedRequest(
            method: String(words[0]), target: String(words[1]), headers: headers, body: body,
            connection: connection)
    }

    private mutating func readHead() -> String? {
        let end: [UInt8] = [13, 10, 13, 10]
        while true {
            if let range = buffer.firstRange(of: end) {
                let head = String(decoding: buffer[..<range.lowerBound], as: UTF8.self)
                buffer.removeSubrange(..<range.upperBound)
                return head
            }
            // A TLS greeting, for one, isn't a request, and no head would ever come.
            guard fill(), buffer.first.map({ $0 >= 0x41 && $0 <= 0x5a }) == true else { return nil }
        }
    }

    private mutating func read(_ count: Int) -> [UInt8]? {
        while buffer.count < count {
            guard fill() else { return nil }
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    private mutating func fill() -> Bool {
        let bytes = socket.receive()
        buffer += bytes
        return !bytes.isEmpty
    }
}

extension String {
    fileprivate func components(by separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
