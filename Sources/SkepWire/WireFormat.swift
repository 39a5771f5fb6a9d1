/// The files that Skep and a session's host share, and their format's version.
///
/// A session is a folder. Skep writes `launch`, from which the host takes the environment's values
/// once it has read them; the host writes everything else:
///
/// | file | what | when |
/// | --- | --- | --- |
/// | `launch` | `LaunchRequest` | before the host is started |
/// | `lock` | empty; locked (`flock`) by the host | as long as the host lives |
/// | `host` | `HostRecord` | before the agent is started |
/// | `control.sock` | takes `ControlRequest`s | while the host lives |
/// | `spool-000001.seg` … | chunks of output; sealed but for the last | while the agent runs |
/// | `exit` | `ExitRecord` | when every process of the agent has ended |
///
/// Each file begins with a header record (fields `format` and `file`). A program reads its own
/// version and the one before: agents outlive an upgrade. When a version changes what a payload
/// means, the number is raised here, and the types that changed get a second way of decoding,
/// chosen by the version that `decode` hands them.
///
/// Version 2 knows dialogues, sandboxes and secrets; its fields and streams were added, so that what
/// version 1 wrote is read as it stands.
public enum WireFormat {
    /// The version that is written.
    public static let version = 2
    /// The oldest version that is read.
    public static let oldestReadable = 1

    /// What a file is; stands in its header.
    public enum File: String, Sendable {
        case launch, host, exit, spool
    }

    /// The header record of a file, with further fields of its own.
    static func header(_ file: File, adding further: Fields = Fields()) -> Record {
        var fields = Fields()
        fields.add("format", version)
        fields.add("file", file.rawValue)
        for pair in further.pairs { fields.add(pair.key, bytes: pair.value) }
        return Record(.header, fields.encoded)
    }

    /// A whole file of one record of fields.
    static func encode(_ file: File, _ fields: Fields) -> [UInt8] {
        header(file).encoded + Record(.fields, fields.encoded).encoded
    }

    /// The fields of such a file, and the version they were written in.
    static func decode(
        _ file: File, _ bytes: [UInt8], path: String
    ) throws(WireError) -> (version: Int, fields: Fields) {
        var reader = RecordReader(bytes)
        let version = try readHeader(file, from: &reader, path: path)
        while true {
            switch reader.next() {
            case .record(let record) where record.kind == .fields:
                return (version, try Fields(decoding: record.payload))
            case .record: continue
            case .end, .torn, .damaged: throw .damaged(path)
            }
        }
    }

    /// Takes a file's header and says the version; throws when it isn't such a file.
    static func readHeader(
        _ file: File, from reader: inout RecordReader, path: String
    ) throws(WireError) -> Int {
        guard case .record(let record) = reader.next(), record.kind == .header else {
            throw .damaged(path)
        }
        let fields = try Fields(decoding: record.payload)
        let version = try fields.requiredNumber("format", as: Int.self)
        guard (oldestReadable...Self.version).contains(version) else {
            throw .unknownVersion(version, path: path)
        }
        guard fields.string("file") == file.rawValue else { throw .damaged(path) }
        return version
    }
}
