/// What a list's headers say about further pages.
enum GiteaPage {
    /// The number of the page after `page`; `nil` when this was the last.
    ///
    /// Only the `page=` of the `Link` header is used: its host is made of the server's idea of its own
    /// address, which behind a proxy need not be reachable. Fewer items than asked for say
    /// nothing, since a server may give fewer to a page than it is asked for. When there is no
    /// `Link` at all, as behind a proxy that drops it, `X-Total-Count` decides.
    static func next(after page: Int, link: String?, total: String?, seen: Int) -> Int? {
        guard let link else {
            guard let total = total.flatMap({ Int($0) }), total > seen else { return nil }
            return page + 1
        }
        guard let target = self.target(of: "next", in: link) else { return nil }
        let query = target.drop { $0 != "?" }.dropFirst()
        for pair in query.split(separator: "&") where pair.hasPrefix("page=") {
            // Never back, or a walk might not end.
            if let number = Int(pair.dropFirst(5)), number > page { return number }
        }
        return page + 1
    }

    /// The address with a relation, in a header such as
    /// `<http://host/x?page=2>; rel="next",<http://host/x?page=9>; rel="last"`.
    private static func target(of relation: String, in link: String) -> Substring? {
        var rest = link[...]
        while let open = rest.firstIndex(of: "<"),
            let close = rest[open...].firstIndex(of: ">")
        {
            let target = rest[rest.index(after: open)..<close]
            rest = rest[rest.index(after: close)...]
            let parameters = rest.prefix { $0 != "<" }.lowercased().filter { $0 != " " }
            let isMeant =
                parameters.contains("rel=\"\(relation)\"")
                || parameters.split(whereSeparator: { ";,".contains($0) })
                    .contains { $0 == "rel=\(relation)" }
            if isMeant { return target }
        }
        return nil
    }
}
