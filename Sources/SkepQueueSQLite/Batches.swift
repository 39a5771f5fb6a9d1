extension Array {
    /// Its elements in order, so many at a time.
    func batches(of size: Int) -> some Sequence<ArraySlice<Element>> {
        stride(from: 0, to: count, by: size).lazy.map {
            self[$0..<Swift.min($0 + size, self.count)]
        }
    }
}
