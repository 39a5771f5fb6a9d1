import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One HTTP/1.1 exchange over a socket, byte for byte as it's given: nothing is corrected,
/// followed or answered on the caller's behalf.
enum HTTPSocket {
    struct Failure: Error { let message: String }

    /// Sends a request to 127.0.0.1 and reads until the server closes.
    static func exchange(port: UInt16, _ request: [UInt8]) async throws -> APIAnswer {
        try await withCheckedThrowingContinuation { continuation in
            // A thread of its own: the sockets block.
            Thread.detachNewThread {
                continuation.resume(with: Result { try blockingExchange(port, request) })
            }
        }
    }

    private static func blockingExchange(_ port: UInt16, _ request: [UInt8]) throws -> APIAnswer {
        #if canImport(Glibc)
            let stream = Int32(SOCK_STREAM.rawValue)
            let flags = Int32(MSG_NOSIGNAL)
        #else
            let stream = SOCK_STREAM
            let flags: Int32 = 0
        #endif
        let handle = socket(AF_INET, stream, 0)
        guard handle >= 0 else { throw Failure(message: "no socket") }
        defer { close(handle) }
        var limit = timeval(tv_sec: 120, tv_usec: 0)
        setsockopt(handle, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(handle, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(message: "can't connect: \(errno)") }
        var sent = 0
        while sent < request.count {
            let count = request[sent...].withUnsafeBytes {
                send(handle, $0.baseAddress, $0.count, flags)
            }
            // The server may have answered and closed before it read all.
            guard count > 0 else { break }
            sent += count
        }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(handle, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            received += buffer[..<count]
        }
        return try parse(received)
    }

    private static func parse(_ bytes: [UInt8]) throws -> APIAnswer {
        let blank = Array("\r\n\r\n".utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: blank) }) else {
            throw Failure(message: "no whole answer: \(String(decoding: bytes, as: UTF8.self))")
        }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) }
        guard let status else { throw Failure(message: "no status: \(lines[0])") }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        var body = Array(bytes[(end + 4)...])
        if headers["transfer-encoding"]?.lowercased() == "chunked" { body = unchunked(body) }
        return APIAnswer(status: status, headers: headers, bytes: body)
    }

    private static func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var rest = bytes[...]
        while let line = rest.firstIndex(of: 13) {
            let digits = String(decoding: rest[..<line], as: UTF8.self)
            guard let size = Int(digits, radix: 16), size > 0 else { break }
            let start = line + 2
            output += rest[start...].prefix(size)
            rest = rest[start...].dropFirst(size + 2)
        }
        return output
    }
}
