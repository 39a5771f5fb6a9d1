public import ArgumentParser
public import SkepCore
public import SkepQueue

// Ids and words as they stand on the command line.

extension JobID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension RunID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension SessionID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension RepositoryName: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension Job.State: ExpressibleByArgument {}

extension Terminal.Colour: ExpressibleByArgument {}
