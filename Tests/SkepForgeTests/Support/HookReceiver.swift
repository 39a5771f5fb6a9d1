import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@testable import SkepForge

/// Takes deliveries of hooks on loopback, byte for byte, and answers them as it's told.
final class HookReceiver: Sendable {
    struct Delivery: Sendable {
        let headers: [String: String]
        let body: [UInt8]

        func header(_ name: String) -> String? { headers[name.lowercased()] }
        var json: JSON { JSON(parsing: body) ?? .null }
        /// "issues opened".
        var title: String {
            let action = json["action"]?.string.map { " " + $0 } ?? ""
            return (header("X-Gitea-Event-Type") ?? "") + action
        }
    }

    private let descriptor: Int32
    let port: UInt16
    private let taken = Mutex<[Delivery]>([])
    /// Statuses of the next answers; 200 when there are none left.
    private let statuses: Mutex<[Int]>

    var url: String { "http://127.0.0.1:\(port)/hook" }
    var deliveries: [Delivery] { taken.withLock { $0 } }
    var titles: [String] { deliveries.map(\.title) }

    /// Listens while the body runs.
    static func with(
        statuses: [Int] = [], _ body: (HookReceiver) async throws -> Void
    ) async throws {
        let receiver = try HookReceiver(statuses: statuses)
        defer { receiver.stop() }
        try await body(receiver)
    }

    private init(statuses: [Int]) throws {
        self.statuses = Mutex(statuses)
        #if canImport(Glibc)
            let stream = Int32(SOCK_STREAM.rawValue)
        #else
            let stream = SOCK_STREAM
        #endif
        let descriptor = socket(AF_INET, stream, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard isListening else { throw HTTPSocket.Failure(message: "can't listen: \(errno)") }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
        // A thread of its own, since it blocks; it ends when the socket is shut.
        Thread.detachNewThread { self.serve() }
    }

    private func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    private func serve() {
        while true {
            let connection = accept(descriptor, nil, nil)
            guard connection >= 0 else { return }
            if let delivery = Self.read(connection) {
                let status = statuses.withLock { $0.isEmpty ? 200 : $0.removeFirst() }
                taken.withLock { $0.append(delivery) }
                let answer = Array(
                    "HTTP/1.1 \(status) Said\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
                        .utf8)
                _ = answer.withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
            }
            close(connection)
        }
    }

    private static func read(_ connection: Int32) -> Delivery? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let blank = Array("\r\n\r\n".utf8)
        while true {
            if let end = bytes.firstRange(of: blank) {
                let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
                    .components(separatedBy: "\r\n").dropFirst()
                var headers: [String: String] = [:]
                for line in lines {
                    guard let colon = line.firstIndex(of: ":") else { continue }
                    headers[line[..<colon].lowercased()] =
                        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                }
                let length = headers["content-length"].flatMap { Int($0) } ?? 0
                let body = bytes[end.upperBound...]
                if body.count >= length {
                    return Delivery(headers: headers, body: Array(body.prefix(length)))
                }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }
}
