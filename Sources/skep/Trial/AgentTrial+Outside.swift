import SkepAgents
import SkepCore
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension AgentTrial {
    /// What an agent does depends on its mood; a shell in the same sandbox tries it for sure.
    func tryOutside(_ report: inout TrialReport) async throws {
        guard var request = try host(1).request() else { return skip(["outside"], &report) }
        tell("tries to get out of its sandbox")
        request.session = "trial-probe-\(getpid())"
        request.program = "/bin/sh"
        request.arguments = [
            "sh", "-c", "echo >\"$0\" 2>/dev/null; echo >\"$1\" 2>/dev/null; exit 0",
            folder.outside + "/probe", workspace.path + "/.skep-probe",
        ]
        request.environment = ["PATH": "/usr/bin:/bin", "HOME": workspace.homePath]
        request.input = nil
        request.hasDialogue = false
        request.limits.wallMS = 60_000
        let host = SessionHost(
            folder: "\(TrialFolder.sessions(in: folder.path))/probe", program: house.host)
        mkdir(host.folder, 0o711)
        try await host.start(request)
        let state: SessionHost.State
        do { state = try await host.waitUntilOver() } catch {
            try await host.end(grace: .zero)
            throw error
        }
        // Where it can't be shut in as it must be, nothing runs.
        guard case .ended(let record) = state, record.how == .exited(code: 0) else {
            return skip(["outside"], &report)
        }
        let isOut = access(folder.outside + "/probe", F_OK) == 0
        let isIn = access(workspace.path + "/.skep-probe", F_OK) == 0
        unlink(workspace.path + "/.skep-probe")
        let level = report.sandbox?.level ?? .none
        let isRight = level == .none || !isOut && isIn == (level >= .workspaceWrite)
        report.add(
            "outside", level == .none ? .no : isRight ? .ok : .fail,
            [
                isOut ? "it can write outside of its workspace" : "it can't write outside",
                isIn ? "it can write inside" : "it can't write inside",
            ].joined(separator: ", "))
    }
}
