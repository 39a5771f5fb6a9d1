import Testing

extension EndToEnd {
    @Suite("The example of a race", .serialized)
    struct RaceTests {
        @Test("Three agents race on one issue; the picked one is merged, the others get a word")
        func raceEndsWell() async throws {
            try await Example.run(
                "race", ["--functions", "3"],
                saying: [
                    "hare, tortoise, fox begin", "owl asks for changes; hare gets it back",
                    "owl: APPROVED at",
                    "stork: COMMENT at", "ida merges", "Nothing is left running.",
                ])
        }
    }
}
