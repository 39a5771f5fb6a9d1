import SkepCore
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension FailureType {
    /// What kept a program from starting, or from going on; `nil`: nothing did.
    init?(start how: ExitRecord.How) {
        if how.lacksRoom {
            self = .diskFull
            return
        }
        guard case .startFailed(let stage, let number) = how else { return nil }
        switch (stage, number) {
        case (.execute, ENOENT), (.execute, ENOTDIR), (.execute, EACCES), (.execute, ENOEXEC):
            self = .missingProgram
        case (.namespaces, _), (.mounts, _), (.network, _), (.capabilities, _), (.landlock, _),
            (.seccomp, _), (.sandbox, _):
            self = .sandbox
        case (_, EAGAIN): self = .tooManyProcesses
        case (_, ENOMEM): self = .outOfMemory
        case (_, ENOSPC): self = .diskFull
        default: self = .startFailed
        }
    }
}

extension ExitRecord.How {
    /// Whether its host ended it since its log found no room on the disk.
    var lacksRoom: Bool {
        guard case .spoolFailed(let number) = self else { return false }
        return number == ENOSPC || number == EDQUOT
    }
}
