import SkepTestSupport

#if canImport(Glibc)
    import Glibc

    /// Answers every connection on a port of this machine with the same bytes, then closes it.
    final class LoopbackServer: Sendable {
        let port: UInt16
        private let listener: Int32

        init(answer: String) throws {
            let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let number = withUnsafeMutablePointer(to: &address) { pointer -> UInt16? in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    guard bind(made, $0, size) == 0, listen(made, 16) == 0,
                        getsockname(made, $0, &size) == 0
                    else { return nil }
                    return UInt16(
                        bigEndian: UnsafeRawPointer($0).load(fromByteOffset: 2, as: UInt16.self))
                }
            }
            guard let number else { throw UnexpectedState(what: "no port on the loopback") }
            listener = made
            port = number
            let thread = ThreadBody(made, answer)
            var id = pthread_t()
            pthread_create(
                &id, nil,
                {
                    Unmanaged<ThreadBody>.fromOpaque($0!).takeRetainedValue().serve()
                    return nil
                }, Unmanaged.passRetained(thread).toOpaque())
        }

        deinit { shutdown(listener, Int32(SHUT_RDWR)) }

        private final class ThreadBody: Sendable {
            let listener: Int32
            let answer: String

            init(_ listener: Int32, _ answer: String) {
                self.listener = listener
                self.answer = answer
            }

            func serve() {
                while true {
                    let client = accept(listener, nil, nil)
                    guard client >= 0 else { break }
                    // All that is asked: what is left unread breaks the connection when it is closed.
                    var bytes = [UInt8](repeating: 0, count: 4096)
                    var asked: [UInt8] = []
                    while !asked.suffix(4).elementsEqual("\r\n\r\n".utf8) {
                        let got = recv(client, &bytes, bytes.count, 0)
                        guard got > 0 else { break }
                        asked += bytes[..<got]
                    }
                    _ = answer.withCString {
                        send(client, $0, strlen($0), Int32(MSG_NOSIGNAL))
                    }
                    close(client)
                }
                close(listener)
            }
        }
    }
#endif
