extension Failure {
    /// The kind of a failure whose job's payload, step or event isn't what its handler expects.
    public static let payloadUndecodable = "payload_undecodable"
    /// The kind of a failure whose handler's output, or a step's, can't be written as JSON.
    public static let resultUnencodable = "result_unencodable"
}
