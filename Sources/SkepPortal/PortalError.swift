public import SkepCore

/// What the portal can't do, and why.
public enum PortalError: SkepError, Hashable {
    case addressUnavailable(String, reason: String)
    case notAnAddress(String)

    public var kind: ErrorKind {
        switch self {
        case .addressUnavailable: .unavailable
        case .notAnAddress: .configuration
        }
    }

    public var what: String {
        switch self {
        case .addressUnavailable(let address, _): "Can't listen on \(address)"
        case .notAnAddress(let text): "\"\(text)\" isn't an address of this machine."
        }
    }

    public var why: String? {
        switch self {
        case .addressUnavailable(_, let reason): "\(reason)."
        case .notAnAddress: nil
        }
    }

    public var advice: String? {
        switch self {
        case .addressUnavailable: "Set webhooks.listen to another port."
        case .notAnAddress: "Set webhooks.listen to something like 127.0.0.1:8920."
        }
    }
}
