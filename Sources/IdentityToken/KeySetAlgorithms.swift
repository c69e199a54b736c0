extension KeySet {
    /// Which algorithms each key can check signatures of, in the set's order; none for a key that is of no use here.
    public var algorithmsOfKeys: [[SigningAlgorithm]] {
        keys.map { key in SigningAlgorithm.allCases.filter { key.obstacle(to: $0) == nil } }
    }
}
