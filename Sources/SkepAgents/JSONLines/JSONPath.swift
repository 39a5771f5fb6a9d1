/// A place in a line of JSON: `a.b[0].c`.
struct JSONPath: Sendable, Hashable {
    private enum Step: Sendable, Hashable {
        case member(String)
        case element(Int)
    }

    private let steps: [Step]

    /// `nil`: that is no path.
    init?(_ text: String) {
        var steps: [Step] = []
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
            guard let name = pieces.first, !name.isEmpty else { return nil }
            steps.append(.member(String(name)))
            for index in pieces.dropFirst() {
                guard index.hasSuffix("]"), let number = Int(index.dropLast()), number >= 0 else {
                    return nil
                }
                steps.append(.element(number))
            }
        }
        self.steps = steps
    }

    func callAsFunction(_ value: JSONValue?) -> JSONValue? {
        steps.reduce(value) { value, step in
            switch step {
            case .member(let name): value[name]
            case .element(let index): value[index]
            }
        }
    }
}
