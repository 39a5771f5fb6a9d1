import GRDB
import SkepQueue

/// What all pages share.
struct PageSite: Sendable {
    let renderer: PageRenderer
    let sessions: PageSessions
    /// What the forms go through.
    let api = ForgeAPI.routes()
}

/// A look at a page, or a form that was sent: the request, who made it, and what renders the answer.
struct Visit: Sendable {
    let call: Call
    let site: PageSite
    /// The session that the browser has; `nil` for one that isn't signed in.
    let session: PageSessions.Found?

    init(_ call: Call, _ site: PageSite) async throws {
        self.call = call
        self.site = site
        session = try await site.sessions.find(
            in: call.cookies, host: Self.host(of: call), call.forge)
    }

    static func host(of call: Call) -> String { String(call.addresses.root.dropFirst(7)) }
    var host: String { Self.host(of: call) }

    /// Who may use forms: somebody who signed in on the pages, not somebody with a header.
    var user: UserRow? { session.flatMap { $0.user.id == call.caller?.id ? $0.user : nil } }

    // MARK: Answers

    /// Renders a page, with what all pages say of their visitor.
    func page(
        _ template: String, title: String, crumbs: [Crumb] = [], status: Int = 200,
        back: String? = nil, _ model: PageRenderer.Model
    ) -> Answer {
        var all = model
        all["signInURL"] = Self.signInURL(back: back ?? call.target)
        if let user, let session {
            all["viewer"] = Person.model(user.name)
            all["formToken"] = site.sessions.formToken(for: session.id)
        }
        var answer = site.renderer.page(template, title: title, crumbs: crumbs, all)
        answer.status = status
        return answer
    }

    static func signInURL(back: String) -> String {
        "\(PageSessions.signInAddress)?back=\(PercentCoding.encode(back))"
    }

    /// Sends the browser to a page after a form was done.
    func redirect(to path: String) -> Answer {
        Answer(status: 303, body: .none, headers: [("Location", path)])
    }

    /// Says why something isn't there or isn't done.
    func failure(_ refusal: Refusal) -> Answer {
        page("failure", title: "", status: refusal.status, site.renderer.failureModel(refusal))
    }

    // MARK: Forms

    /// What was sent, whoever sent it.
    var form: PageForm { PageForm(call.body) }

    /// Refuses a form of somebody who isn't signed in, and one that isn't from a page of ours.
    func requireForm() throws -> PageForm {
        guard user != nil, let session else { throw FormProblem.notSignedIn.refusal }
        let form = form
        guard site.sessions.isFormToken(form["form_token"], for: session.id) else {
            throw FormProblem.foreign.refusal
        }
        return form
    }

    /// Does by the API what a form asks for: its rules are the only ones, and its hooks are told.
    ///
    /// - Parameter path: Below /api/v1.
    /// - Throws: `Refusal` with what the API says.
    @discardableResult
    func api(_ method: String, _ path: [String], body: JSON = .object([])) async throws -> Answer {
        var asked = Call(
            forge: call.forge, method: method, path: path, target: call.target, query: [],
            body: body.bytes, caller: user, addresses: call.addresses,
            hooksReachFar: call.hooksReachFar)
        guard case .found(let action, let parameters) = site.api.match(method, path) else {
            throw Refusal.notFound
        }
        asked.parameters = parameters
        let answer = try await action(asked)
        guard answer.status < 400 else {
            throw Refusal(status: answer.status, message: "The tracker refused it.")
        }
        return answer
    }

    func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
        try await call.forge.store.read(body)
    }
}

/// Why a form isn't looked at.
enum FormProblem {
    case notSignedIn, foreign

    var refusal: Refusal {
        switch self {
        case .notSignedIn:
            Refusal(status: 401, message: "You aren't signed in. Nothing was changed.")
        case .foreign:
            .forbidden(
                "The form is too old, or didn't come from a page of this tracker. Nothing was changed. Send it again from here."
            )
        }
    }
}

/// What was typed into a form, and why it came back.
struct FormDraft: Sendable {
    let form: PageForm
    let refusal: Refusal

    /// The sentence above the form.
    var message: String { PageRenderer.sentence(refusal) }
}

/// The fields of a form, as browsers send them.
struct PageForm: Sendable {
    private let fields: [(name: String, value: String)]

    init(_ body: [UInt8]) {
        fields = PercentCoding.query(String(decoding: body, as: UTF8.self)[...])
    }

    /// A field's first value, with lines that end as everywhere else; empty if it isn't there.
    subscript(_ name: String) -> String {
        fields.first { $0.name == name }?.value.replacing("\r\n", with: "\n") ?? ""
    }

    func all(_ name: String) -> [String] {
        fields.filter { $0.name == name && !$0.value.isEmpty }.map(\.value)
    }

    func number(_ name: String) -> Int64? { Int64(self[name]) }
}
