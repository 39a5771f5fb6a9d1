// The bodies Skep sends. Names are those of the API's specification.

struct GiteaNewComment: Encodable {
    let body: String
}

/// `labels` takes all ids or all names; older servers know ids only.
struct GiteaLabelIDs: Encodable {
    let labels: [Int64]
}

struct GiteaNewLabel: Encodable {
    let name: String
    let color: String
    let description: String
    let exclusive: Bool
}

struct GiteaNewPull: Encodable {
    let head: String
    let base: String
    let title: String
    let body: String
}
