import SkepCore
import SkepWire

/// A file or a terminal that an agent wants of Skep. It may be done again after a crash.
struct ACPErrand: Sendable {
    let request: ACPRequest
    let permissions: PermissionPolicy

    private static let methods: Set<String> = [
        "fs/read_text_file", "fs/write_text_file", "terminal/create", "terminal/output",
        "terminal/wait_for_exit", "terminal/kill", "terminal/release",
    ]

    var isKnown: Bool { Self.methods.contains(request.method) }

    func perform(_ place: SessionWorkplace) async -> ACPAnswer {
        do throws(ACPError) {
            return .success(try await result(place))
        } catch {
            return .failure(error)
        }
    }

    private func result(_ place: SessionWorkplace) async throws(ACPError) -> JSONValue {
        guard !request.params.holdsMark else {
            throw .refused(
                "A secret's value stands in this, or \(SecretFilter.mark), which stands in its place. "
                    + "Name the variable that holds it instead, or do this with tools of your own.")
        }
        let files = WorkspaceFiles(root: place.places.workspace, owner: place.house.user)
        switch request.method {
        case "fs/read_text_file":
            try check(.read)
            let text = try files.read(try text("path"))
            return ["content": .text(lines(of: text))]
        case "fs/write_text_file":
            try check(.edit)
            guard !place.isReadOnly,
                place.request.sandbox?.level != SandboxLevel.readOnly.rawValue
            else {
                throw .refused("This session only looks; nothing is to be written.")
            }
            try files.write(
                try text("content"), to: try text("path"),
                draft: ".skep-draft-\(request.number)")
            return [:]
        case "terminal/create":
            try check(.execute)
            return try await ACPTerminals(place, files).create(request)
        default:
            return try await ACPTerminals(place, files).answer(
                request, terminal: text("terminalId"))
        }
    }

    private func check(_ purpose: ToolCall.Purpose) throws(ACPError) {
        guard permissions.allows(purpose) else {
            throw .refused("Refused by policy: \(purpose.rawValue).")
        }
    }

    private func text(_ key: String) throws(ACPError) -> String {
        guard let text = request.params[key].text else {
            throw .refused("\"\(request.method)\" needs \"\(key)\", a text.")
        }
        return text
    }

    /// From `line` on, counted from 1, and `limit` of them.
    private func lines(of text: String) -> String {
        let first = max(1, request.params["line"].integer ?? 1)
        let limit = request.params["limit"].integer
        guard first > 1 || limit != nil else { return text }
        var number: Int64 = 1
        var left = text.utf8[...]
        var kept: [UInt8] = []
        while !left.isEmpty {
            if let limit, number - first >= limit { break }
            let end = left.firstIndex(of: UInt8(ascii: "\n")).map { left.index(after: $0) }
            if number >= first { kept += left[..<(end ?? left.endIndex)] }
            left = left[(end ?? left.endIndex)...]
            number += 1
        }
        return String(decoding: kept, as: UTF8.self)
    }
}
