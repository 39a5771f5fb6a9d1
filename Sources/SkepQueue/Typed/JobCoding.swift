internal import Foundation

/// The JSON in which payloads, results, steps and events are kept: with sorted keys, so that equal
/// values are equal bytes.
enum JobCoding {
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}

/// How outputs are kept: as JSON, and as nothing at all for `NoOutput`.
enum JobOutput {
    static func bytes(of output: some Encodable) throws -> [UInt8]? {
        output is NoOutput ? nil : try JobCoding.encode(output)
    }

    static func read<Output: Decodable>(
        _ type: Output.Type, from bytes: [UInt8]?, of job: JobID
    ) throws(JobOutputError) -> Output {
        if let nothing = NoOutput() as? Output { return nothing }
        guard let bytes else { throw .missing(job) }
        do {
            return try JobCoding.decode(type, from: bytes)
        } catch {
            throw .undecodable(job, why: "\(error)")
        }
    }
}
