import GRDB
import SkepQueue

/// The routes under /api/v1: what Gitea's API has and a swarm of agents needs.
enum ForgeAPI {
    static func routes() -> Routes<Call> {
        var routes = Routes<Call>()
        addServerRoutes(to: &routes)
        addAdministrationRoutes(to: &routes)
        addTokenRoutes(to: &routes)
        addUserRoutes(to: &routes)
        addIssueSearchRoutes(to: &routes)
        addRepositoryRoutes(to: &routes)
        addCollaboratorRoutes(to: &routes)
        addContentRoutes(to: &routes)
        addHookRoutes(to: &routes)
        addProtectionRoutes(to: &routes)
        addLabelRoutes(to: &routes)
        addMilestoneRoutes(to: &routes)
        addReactionRoutes(to: &routes)
        addDependencyRoutes(to: &routes)
        addTimelineRoutes(to: &routes)
        addLockRoutes(to: &routes)
        addCommentRoutes(to: &routes)
        addAssigneeRoutes(to: &routes)
        addIssueRoutes(to: &routes)
        addBranchRoutes(to: &routes)
        addCommitRoutes(to: &routes)
        addReviewRoutes(to: &routes)
        addReviewThreadRoutes(to: &routes)
        addMergeRoutes(to: &routes)
        addPullUpdateRoutes(to: &routes)
        addCompareRoutes(to: &routes)
        addPullRoutes(to: &routes)
        return routes
    }

    private static func addServerRoutes(to routes: inout Routes<Call>) {
        routes.on("GET", "version") { _ in .json(["version": .string(Forge.version)]) }
        routes.on("GET", "settings/repository") { _ in
            .json([
                "mirrors_disabled": true, "http_git_disabled": false,
                "migrations_disabled": true, "stars_disabled": true,
                "time_tracking_disabled": true, "lfs_disabled": true,
            ])
        }
        routes.on("GET", "settings/api") { call in
            .json([
                "max_response_items": JSON(
                    call.memory.quirks.contains(.smallPages) ? 10 : Page.largestLimit),
                "default_paging_num": JSON(Page.defaultLimit),
                "default_git_trees_per_page": 1000, "default_max_blob_size": 10_485_760,
                "default_max_response_size": 104_857_600,
            ])
        }
    }
}

extension Call {
    /// Makes documents while the database is read.
    func presenter(_ db: Database) -> Presenter {
        Presenter(
            db: db, addresses: addresses, forge: forge, caller: caller, memory: memory)
    }

    /// Reads the database and answers.
    func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
        try await forge.store.read(body)
    }

    func write<T: Sendable>(
        _ body: @Sendable @escaping (Database, Timestamp) throws -> T
    ) async throws -> T {
        try await forge.store.write(body)
    }
}
