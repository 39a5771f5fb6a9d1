import GRDB

/// What the protection of a branch asks for, as far as the tracker heeds it.
struct ProtectionRule: Sendable {
    /// The settings that there are, with what they are when they aren't given.
    static let defaults: [JSON.Member] = {
        let flags = [
            "enable_push", "enable_push_whitelist", "push_whitelist_deploy_keys",
            "enable_force_push", "enable_force_push_allowlist",
            "force_push_allowlist_deploy_keys", "enable_merge_whitelist", "enable_status_check",
            "enable_approvals_whitelist", "block_on_rejected_reviews",
            "block_on_official_review_requests", "block_on_outdated_branch",
            "dismiss_stale_approvals", "ignore_stale_approvals", "require_signed_commits",
            "block_admin_merge_override", "enable_bypass_allowlist",
        ]
        let lists = [
            "push_whitelist_usernames", "push_whitelist_teams", "force_push_allowlist_usernames",
            "force_push_allowlist_teams", "merge_whitelist_usernames", "merge_whitelist_teams",
            "status_check_contexts", "approvals_whitelist_username", "approvals_whitelist_teams",
            "bypass_allowlist_usernames", "bypass_allowlist_teams",
        ]
        return flags.map { JSON.Member(name: $0, value: false) }
            + lists.map { JSON.Member(name: $0, value: []) }
            + [
                JSON.Member(name: "required_approvals", value: 0),
                JSON.Member(name: "priority", value: 0),
                JSON.Member(name: "protected_file_patterns", value: ""),
                JSON.Member(name: "unprotected_file_patterns", value: ""),
            ]
    }()

    let name: String
    private let settings: JSON

    init(_ row: ProtectionRow) {
        name = row.ruleName
        settings = JSON(parsing: Array(row.settings.utf8)) ?? .object([])
    }

    static func find(_ db: Database, forBranch branch: String, in repository: RepositoryRow) throws
        -> ProtectionRule?
    {
        try ProtectionRow.rule(db, forBranch: branch, repository: repository.id)
            .map(ProtectionRule.init)
    }

    /// All settings, the given ones over the defaults.
    var members: [JSON.Member] {
        Self.defaults.map { JSON.Member(name: $0.name, value: settings[$0.name] ?? $0.value) }
    }

    /// The settings with those of a request's body over them.
    /// - Throws: A refusal when one has the wrong type.
    func merged(with fields: Fields) throws -> JSON {
        .object(try Self.members(members, over: fields))
    }

    static func settings(from fields: Fields) throws -> JSON {
        .object(try members(defaults, over: fields))
    }

    private static func members(_ members: [JSON.Member], over fields: Fields) throws
        -> [JSON.Member]
    {
        try members.map { member in
            let value: JSON? =
                switch member.value {
                case .bool: try fields.bool(member.name).map(JSON.bool)
                case .integer: try fields.integer(member.name).map(JSON.integer)
                case .array:
                    try fields.strings(member.name).map { .array($0.map(JSON.string)) }
                default: try fields.string(member.name).map(JSON.string)
                }
            return JSON.Member(name: member.name, value: value ?? member.value)
        }
    }

    // MARK: What is heeded

    private func isOn(_ name: String) -> Bool { settings[name] == .bool(true) }

    private func names(_ name: String) -> [String] {
        guard case .array(let values)? = settings[name] else { return [] }
        return values.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    private func isListed(_ user: UserRow, _ list: String) -> Bool {
        names(list).contains { $0.lowercased() == user.name.lowercased() }
    }

    var requiredApprovals: Int {
        guard case .integer(let count)? = settings["required_approvals"] else { return 0 }
        return Int(clamping: count)
    }
    var statusContexts: [String] { names("status_check_contexts") }
    var checksStatuses: Bool { isOn("enable_status_check") }
    var dismissesStaleApprovals: Bool { isOn("dismiss_stale_approvals") }
    var ignoresStaleApprovals: Bool { isOn("ignore_stale_approvals") }
    var blocksOnRejection: Bool { isOn("block_on_rejected_reviews") }
    var blocksOnRequests: Bool { isOn("block_on_official_review_requests") }
    var blocksOutdated: Bool { isOn("block_on_outdated_branch") }
    var bindsAdministrators: Bool { isOn("block_admin_merge_override") }

    func allowsPush(by user: UserRow) -> Bool {
        isOn("enable_push")
            && (!isOn("enable_push_whitelist") || isListed(user, "push_whitelist_usernames"))
    }

    func allowsMerge(by user: UserRow) -> Bool {
        !isOn("enable_merge_whitelist") || isListed(user, "merge_whitelist_usernames")
    }
}
