import SkepTrackers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Who else may read the file with the tracker's token.
enum TokenFile {
    static func findings(_ house: House) -> [Diagnosis] {
        guard case .file(let name)? = house.configuration.tracker?.token else { return [] }
        let path = house.surroundings.path(name, in: house.surroundings.workingFolder)
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o077 != 0 else { return [] }
        return [
            Diagnosis(
                "token file", .warn, "Others may read or change \(path).",
                advice: "chmod 600 \(path)")
        ]
    }
}
