/// The members of a request's body. A member of the wrong type is refused; null counts as absent.
struct Fields: Sendable {
    let value: JSON

    private func member<T>(_ names: [String], _ read: (JSON) -> T?) throws -> T? {
        for name in names {
            guard let member = value[name], member != .null else { continue }
            guard let result = read(member) else {
                throw Refusal.unprocessable("\"\(name)\" has the wrong type.")
            }
            return result
        }
        return nil
    }

    /// - Parameter names: The member's name, and others that it may have.
    func string(_ names: String...) throws -> String? {
        try member(names) { if case .string(let text) = $0 { text } else { nil } }
    }

    func bool(_ names: String...) throws -> Bool? {
        try member(names) { if case .bool(let value) = $0 { value } else { nil } }
    }

    func integer(_ names: String...) throws -> Int64? {
        try member(names) { if case .integer(let value) = $0 { value } else { nil } }
    }

    /// A time in milliseconds, cut to seconds; the zero time of Go's clients counts as absent.
    func time(_ name: String) throws -> Int64? {
        guard let text = try string(name), !text.isEmpty, !text.hasPrefix("0001-01-01") else {
            return nil
        }
        guard let time = RFC3339.milliseconds(text) else {
            throw Refusal.unprocessable("\"\(name)\" isn't a time: \(text)")
        }
        return time
    }

    func values(_ name: String) throws -> [JSON]? {
        try member([name]) { if case .array(let values) = $0 { values } else { nil } }
    }

    func strings(_ name: String) throws -> [String]? {
        try values(name)?.map {
            guard case .string(let text) = $0 else {
                throw Refusal.unprocessable("\"\(name)\" has an element that isn't a text.")
            }
            return text
        }
    }

    func integers(_ name: String) throws -> [Int64]? {
        try values(name)?.map {
            guard case .integer(let number) = $0 else {
                throw Refusal.unprocessable("\"\(name)\" has an element that isn't a number.")
            }
            return number
        }
    }

    func required(_ name: String) throws -> String {
        guard let text = try string(name), !text.isEmpty else {
            throw Refusal.unprocessable("[\(name)]: Required")
        }
        return text
    }
}
