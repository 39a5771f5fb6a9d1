import SkepAgents
import SkepCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What this machine gives to shut agents in, and whether that is what their files require.
struct SandboxFinding {
    /// `nil` when it couldn't be tried.
    let report: SandboxReport?
    let diagnosis: Diagnosis

    /// - Parameter host: The program `skep-host`, which tries it once.
    init(host: String) async {
        do {
            let probe = try await SandboxProbe(host: host)
            report = probe.report
            let missing = probe.report.missing
            diagnosis =
                missing.isEmpty
                ? Diagnosis("sandbox", .ok, probe.text)
                : Diagnosis(
                    "sandbox", .warn,
                    "\(probe.text); missing: \(missing.joined(separator: ", "))",
                    advice: Self.advice(missing))
        } catch {
            report = nil
            diagnosis = Diagnosis("sandbox", .warn, of: error)
        }
    }

    /// What stands in an agent's way; `nil`: nothing, or nothing is required, or nobody knows.
    func obstacle(to agent: AgentDefinition) -> Diagnosis? {
        let policy = agent.sandbox
        guard policy.isRequired, let reason = report?.obstacle(to: policy) else { return nil }
        return Diagnosis(
            "agent \(agent.name)", .warn,
            "Its sandbox, \(policy.level.rawValue), can't be had here: \(reason).",
            advice: "It won't be started. See to the sandbox's line above, or let its file ask for "
                + "less.")
    }

    private static func advice(_ missing: [String]) -> String {
        func value(_ path: String) -> String? {
            guard let file = fopen("/proc/sys/" + path, "r") else { return nil }
            defer { fclose(file) }
            let byte = getc(file)
            return byte == EOF ? nil : String(UnicodeScalar(UInt8(truncatingIfNeeded: byte)))
        }
        let lacksNamespaces = missing.contains { $0.hasPrefix("namespaces") }
        if lacksNamespaces, geteuid() != 0 {
            if value("kernel/unprivileged_userns_clone") == "0" {
                return "sysctl -w kernel.unprivileged_userns_clone=1"
            }
            if value("kernel/apparmor_restrict_unprivileged_userns") == "1" {
                return "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor "
                    + "profile for skep-host that allows \"userns\"."
            }
            if value("user/max_user_namespaces") == "0" {
                return "sysctl -w user.max_user_namespaces=10000"
            }
        }
        if lacksNamespaces || missing.contains(where: { $0.hasPrefix("own /proc") }) {
            return "In a container: let it make namespaces and mount /proc (Docker: --security-opt "
                + "seccomp=unconfined --security-opt systempaths=unconfined)."
        }
        return "A newer kernel has it; what is in force is kept all the same."
    }
}
