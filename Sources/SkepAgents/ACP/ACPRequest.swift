/// Something that an agent asks of Skep.
struct ACPRequest: Sendable, Hashable {
    /// Which one of the session it is, from 1: ids may be used twice.
    let number: Int
    let id: JSONValue
    let method: String
    let params: JSONValue
}
