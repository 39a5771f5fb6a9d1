import SkepCore
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension FailureType {
    /// What kept a program from starting; `nil`: nothing did.
    init?(start how: ExitRecord.How) {
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
