import SkepCore
import SkepWire

extension LaunchRequest.Limits {
    /// What a session was held to that ended at a limit, with the key of its agent's file; `nil`: it
    /// ended otherwise.
    func words(of ending: SessionResult.Ending) -> String? {
        switch ending {
        case .timedOut: wallMS.map { "it may take \(Self.length($0, "limits."))" }
        case .outputLimit: "it may print \(Self.size(outputBytes)) (limits.output_mb)"
        case .overLimit(.memory): "it may use \(Self.size(memoryBytes)) (limits.memory_mb)"
        case .overLimit(.processorTime):
            processorMS.map {
                "it may use \(Self.length($0, "limits.processor_")) of processor time"
            }
        case .overLimit(.disk): "it may hold \(Self.size(diskBytes)) (limits.disk_mb)"
        case .overLimit(.processes):
            "it may have \(processes ?? 0) at once (limits.processes)"
        case .exited, .signalled, .silent, .stopped, .startFailed, .lost: nil
        }
    }

    /// "45 min (limits.minutes)".
    private static func length(_ milliseconds: Int64, _ prefix: String) -> String {
        milliseconds % 60_000 == 0
            ? "\(milliseconds / 60_000) min (\(prefix)minutes)"
            : "\(milliseconds / 1000) s (\(prefix)seconds)"
    }

    private static func size(_ bytes: Int64?) -> String {
        guard let bytes else { return "0 MiB" }
        return bytes % (1 << 20) == 0 ? "\(bytes >> 20) MiB" : "\(bytes) bytes"
    }
}
