import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Subprocess

/// Git over HTTP, by `git http-backend`: packs are streamed both ways and never held whole.
struct GitBackend: Sendable {
    /// What of a repository is asked for.
    struct Service: Sendable {
        enum Kind: String, Sendable {
            case upload = "git-upload-pack"
            case receive = "git-receive-pack"
        }

        let kind: Kind
        let owner: String
        let name: String
        /// "info/refs", or the service's own name.
        let file: String

        /// Whether only the references are asked for.
        var isListing: Bool { file == "info/refs" }

        /// `nil` for a path that isn't git's.
        init?(path: [String], query: [(name: String, value: String)]) {
            guard path.count == 3 || path.count == 4, path[1].hasSuffix(".git") else { return nil }
            let file = path[2...].joined(separator: "/")
            let word = file == "info/refs" ? query.first { $0.name == "service" }?.value : file
            guard let word, let kind = Kind(rawValue: word) else { return nil }
            self.kind = kind
            self.file = file
            owner = path[0]
            name = String(path[1].dropLast(4))
        }
    }

    /// Bytes of one push.
    static let pushLimit = 2 << 30

    let forge: Forge
    let logger: Logger

    func respond(
        to request: Request, _ service: Service, _ repository: RepositoryRow, caller: UserRow?,
        query: String
    ) async throws -> Response {
        let isRefs = service.isListing
        let folder = forge.folder(of: repository)
        var environment = [
            "GIT_PROJECT_ROOT": forge.projectRoot, "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": folder.dropFirst(forge.projectRoot.count) + "/" + service.file,
            "QUERY_STRING": isRefs ? query : "", "REQUEST_METHOD": request.method.rawValue,
            "REMOTE_ADDR": "127.0.0.1", "REMOTE_USER": caller?.name ?? "",
        ]
        environment["CONTENT_TYPE"] = request.headers[.contentType]
        environment["CONTENT_LENGTH"] = request.headers[.contentLength]
        environment["HTTP_CONTENT_ENCODING"] = request.headers[.contentEncoding]
        if let name = HTTPField.Name("Git-Protocol") {
            environment["HTTP_GIT_PROTOCOL"] = request.headers[name]
        }
        guard service.kind == .receive, !isRefs else {
            return try await stream(request, environment) { try await $0() }
        }
        return try await stream(request, environment) { serve in
            try await forge.changingRefs(of: repository, by: caller) { try await serve() }
        }
    }

    /// Pulling needs the right to read, pushing that to write; both ask for a token first.
    func authorize(
        _ method: HTTPRequest.Method, _ service: Service, caller: UserRow?, scope: TokenScope
    ) async throws -> RepositoryRow {
        guard method == (service.isListing ? .get : .post) else {
            throw Refusal.notAllowed("Method Not Allowed")
        }
        guard forge.git.isInstalled else {
            throw ForgeError.gitMissing(purpose: "serve repositories over HTTP")
        }
        return try await forge.store.read { db in
            let isPush = service.kind == .receive
            if isPush && caller == nil { throw Refusal.unauthorized }
            let found = try RepositoryRow.find(db, owner: service.owner, name: service.name)
            guard let found, try found.permission(db, of: caller) >= .read,
                !found.isPrivate || !scope.isPublicOnly
            else {
                throw caller == nil ? Refusal.unauthorized : Refusal.notFound
            }
            if isPush, try found.permission(db, of: caller) < .write {
                throw Refusal.forbidden("You may not push to \(found.fullName).")
            }
            return found
        }
    }

    /// Runs the backend; answers when its head is there, and passes on the body as it comes.
    ///
    /// - Parameter around: Lets the backend run, with what belongs before and after it.
    private func stream(
        _ request: Request, _ environment: [String: String],
        around:
            @escaping @Sendable (_ serve: @Sendable () async throws -> Void) async throws ->
            Void
    ) async throws -> Response {
        let (output, source) = RequestBody.makeStream()
        let (heads, headSource) = AsyncThrowingStream<CGIHead, any Error>.makeStream()
        let git = forge.git
        let logger = logger
        // The answer's body waits for this task, and cancels it when the client is gone.
        let backend = Task {
            do {
                try await around {
                    try await Self.run(
                        git, environment, request.body, head: headSource, body: source)
                }
                source.finish()
            } catch {
                logger.warning("A git client wasn't served", metadata: ["error": "\(error)"])
                headSource.finish(throwing: error)
                source.finish(error)
            }
        }
        let head = try await withTaskCancellationHandler {
            var iterator = heads.makeAsyncIterator()
            return try await iterator.next()
        } onCancel: {
            backend.cancel()
        }
        guard let head else {
            throw Refusal(status: 500, message: "git http-backend said nothing.")
        }
        var headers = HTTPFields()
        for field in head.fields {
            guard let name = HTTPField.Name(field.name) else { continue }
            headers[name] = field.value
        }
        return Response(
            status: HTTPResponse.Status(code: head.status), headers: headers,
            body: ResponseBody { writer in
                try await withTaskCancellationHandler {
                    do {
                        for try await buffer in output { try await writer.write(buffer) }
                        await backend.value
                        try await writer.finish(nil)
                    } catch {
                        backend.cancel()
                        await backend.value
                        throw error
                    }
                } onCancel: {
                    backend.cancel()
                }
            })
    }

    private static func run(
        _ git: GitCommand, _ environment: [String: String], _ input: RequestBody,
        head: AsyncThrowingStream<CGIHead, any Error>.Continuation, body: RequestBody.Source
    ) async throws {
        let result = try await Subprocess.run(
            .name("git"), arguments: ["http-backend"],
            environment: git.environment(adding: environment), input: .inputWriter,
            output: .sequence, error: .bytes(limit: 1 << 20)
        ) { execution in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var count = 0
                    for try await buffer in input {
                        count += buffer.readableBytes
                        guard count <= pushLimit else { throw Refusal.tooLarge }
                        let bytes = Array(buffer.readableBytesView)
                        // Nothing written: the backend has read all it wanted and is gone.
                        if !bytes.isEmpty,
                            try await execution.standardInputWriter.write(bytes) == 0
                        {
                            break
                        }
                    }
                    try await execution.standardInputWriter.finish()
                }
                group.addTask {
                    var parser = CGIHead.Parser()
                    for try await chunk in execution.standardOutput {
                        let bytes = chunk.withUnsafeBytes { Array($0) }
                        guard let (found, rest) = try parser.feed(bytes) else { continue }
                        if let found {
                            head.yield(found)
                            head.finish()
                        }
                        if !rest.isEmpty { await body.yield(ByteBuffer(bytes: rest)) }
                    }
                    head.finish()
                }
                try await group.waitForAll()
            }
        }
        try Task.checkCancellation()
        guard result.terminationStatus.isSuccess else {
            throw ForgeError.gitFailed(
                command: "http-backend",
                message: String(decoding: result.standardError, as: UTF8.self))
        }
    }
}

/// What a CGI program says before the body.
struct CGIHead: Sendable, Equatable {
    struct Field: Sendable, Equatable {
        let name: String
        let value: String
    }

    var status = 200
    var fields: [Field] = []

    /// Finds the end of the head in what comes in pieces.
    struct Parser {
        static let limit = 64 << 10
        private var held: [UInt8] = []
        private var isDone = false

        /// - Returns: `nil` while the head isn't whole; then the head once, and bytes of the body.
        mutating func feed(_ bytes: [UInt8]) throws -> (CGIHead?, ArraySlice<UInt8>)? {
            if isDone { return (nil, bytes[...]) }
            held += bytes
            guard let end = Self.endOfHead(held) else {
                guard held.count <= Self.limit else {
                    throw ForgeError.gitFailed(command: "http-backend", message: "Endless head.")
                }
                return nil
            }
            isDone = true
            let head = Self.read(held[..<end.lowerBound])
            let rest = held[end.upperBound...]
            held = []
            return (head, rest)
        }

        /// The blank line, with or without carriage returns.
        private static func endOfHead(_ bytes: [UInt8]) -> Range<Int>? {
            for index in bytes.indices where bytes[index] == 10 {
                if index + 1 < bytes.count, bytes[index + 1] == 10 { return index..<(index + 2) }
                if index + 2 < bytes.count, bytes[index + 1] == 13, bytes[index + 2] == 10 {
                    return index..<(index + 3)
                }
            }
            return nil
        }

        private static func read(_ bytes: ArraySlice<UInt8>) -> CGIHead {
            var head = CGIHead()
            for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { continue }
                let value = parts[1].drop { $0 == " " }
                if parts[0].lowercased() == "status" {
                    head.status = value.split(separator: " ").first.flatMap { Int($0) } ?? 500
                } else {
                    head.fields.append(Field(name: String(parts[0]), value: String(value)))
                }
            }
            return head
        }
    }
}
