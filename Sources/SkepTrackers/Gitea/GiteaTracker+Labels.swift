internal import Foundation
public import SkepCore
internal import SkepHTTP

extension GiteaTracker {
    public func labels(in repository: RepositoryName) async throws -> [TrackerLabel] {
        try await allLabels(repository).map { TrackerLabel(name: $0.name, color: $0.color) }
    }

    /// Looks first: Gitea lets two labels have the same name.
    public func createLabel(_ label: NewLabel, in repository: RepositoryName) async throws {
        let isThere = { try await self.allLabels(repository).first { $0.name == label.name } }
        guard try await isThere() == nil else { return }
        let color = label.color.hasPrefix("#") ? label.color : "#" + label.color
        let call = try GiteaCall.write(
            .post, repository.path + ["labels"],
            GiteaNewLabel(
                name: label.name, color: color, description: label.description,
                exclusive: label.isExclusive),
            subject: "label \"\(label.name)\" of \(repository)", isRepeatable: false)
        _ = try await writeOnce(call, as: GiteaLabel.self, look: isThere)
    }

    /// The answer is read: an account that may not write gets a good status and no label.
    public func addLabels(_ labels: [String], to issue: IssueReference) async throws {
        guard !labels.isEmpty else { return }
        let known = try await allLabels(issue.repository)
        let ids = try labels.map { label in
            guard let id = known.first(where: { $0.name == label })?.id else {
                throw GiteaError.noSuchLabel(label, repository: "\(issue.repository)")
            }
            return id
        }
        let call = try GiteaCall.write(
            .post, issue.path + ["labels"], GiteaLabelIDs(labels: ids), subject: "issue \(issue)",
            in: .issue(issue), isRepeatable: true)
        let now: [GiteaLabel] = try await api.value(call, as: [GiteaLabel]?.self) ?? []
        // Two of one exclusive scope drive each other out, so not all need be there, but the last.
        guard let last = labels.last, now.contains(where: { $0.name == last }) else {
            throw GiteaError.ignored(subject: "issue \(issue)", what: "put the label")
        }
    }

    public func removeLabel(_ label: String, from issue: IssueReference) async throws {
        let present: [GiteaLabel] = try await api.list(
            .get(issue.path + ["labels"], subject: "issue \(issue)", in: .issue(issue)),
            limit: nil)
        for match in present where match.name == label {
            let call = try GiteaCall.write(
                .delete, issue.path + ["labels", String(match.id)], subject: "issue \(issue)",
                isRepeatable: true)
            do {
                _ = try await api.send(call)
            } catch GiteaError.notFound {
                // Gone since we looked.
            }
        }
    }

    /// The repository's, and those of its organisation if it has one. A repository's own goes first
    /// where both have the name.
    func allLabels(_ repository: RepositoryName) async throws -> [GiteaLabel] {
        let own: [GiteaLabel] = try await api.list(
            .get(
                repository.path + ["labels"], subject: "repository \(repository)",
                in: .repository(repository)))
        do {
            let shared: [GiteaLabel] = try await api.list(
                .get(
                    ["orgs", repository.owner, "labels"],
                    subject: "organisation \(repository.owner)"))
            return own + shared.filter { label in !own.contains { $0.name == label.name } }
        } catch GiteaError.notFound, GiteaError.forbidden, GiteaError.missingScope {
            // The owner is a user, or the token may not look at organisations.
            return own
        }
    }
}
