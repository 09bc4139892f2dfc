import CErrataKernels

/// The keys and values of the tokens that a sequence has so far, for all layers.
///
/// A value: a copy is a fork that shares its memory until one of the two goes on. Keys are rotated, and
/// hold the adapter they were computed with.
package struct KeyValueCache: Sendable {
    /// Positions whose keys lie together: the columns of a panel of the matrix kernels.
    private static let panel = Int(ERRATA_PANEL_WIDTH)

    /// Keys and values of one layer.
    struct Layer: Sendable {
        /// (heads, capacity / 48, headWidth, 48).
        var keys: [Float] = []
        /// (heads, capacity, headWidth).
        var values: [Float] = []
    }

    /// How many tokens are in it.
    package internal(set) var count = 0
    /// What the sequence's weights are changed by.
    package let adapter: LoraAdapter?
    let headCount: Int
    let headWidth: Int
    private(set) var capacity = 0
    var layers: [Layer]

    init(_ configuration: DecoderConfiguration, adapter: LoraAdapter?) {
        headCount = configuration.keyValueHeadCount
        headWidth = configuration.headWidth
        layers = [Layer](repeating: Layer(), count: configuration.layerCount)
        self.adapter = adapter
    }

    /// Forgets all but the first tokens.
    package mutating func truncate(to count: Int) {
        precondition((0...self.count).contains(count))
        self.count = count
    }

    /// How many bytes it takes.
    package var byteCount: Int {
        layers.reduce(0) { $0 + 4 * ($1.keys.count + $1.values.count) }
    }

    /// Makes room for `count` tokens in all, at least doubling what there is.
    mutating func reserve(_ count: Int) {
        guard count > capacity else { return }
        let old = capacity
        capacity = (max(count, 2 * old) + Self.panel - 1) / Self.panel * Self.panel
        for index in layers.indices { grow(&layers[index], from: old) }
    }

    private func grow(_ layer: inout Layer, from old: Int) {
        let size = headCount * headWidth * capacity
        var keys = [Float](repeating: 0, count: size)
        var values = [Float](repeating: 0, count: size)
        let keyed = (count + Self.panel - 1) / Self.panel * Self.panel
        for head in 0..<headCount {
            let (to, from) = (head * capacity * headWidth, head * old * headWidth)
            keys.replaceSubrange(
                to..<to + keyed * headWidth, with: layer.keys[from..<from + keyed * headWidth])
            values.replaceSubrange(
                to..<to + count * headWidth, with: layer.values[from..<from + count * headWidth])
        }
        layer.keys = keys
        layer.values = values
    }

    /// Stores keys and values of a token, (heads, headWidth) each, at a position that room was made for.
    mutating func store(
        keys: UnsafePointer<Float>, values: UnsafePointer<Float>, layer: Int, position: Int
    ) {
        precondition(position < capacity)
        let (capacity, headCount, headWidth) = (capacity, headCount, headWidth)
        let lane = position % Self.panel
        layers[layer].keys.withUnsafeMutableBufferPointer { stored in
            for head in 0..<headCount {
                let start = (head * capacity + position - lane) * headWidth + lane
                for i in 0..<headWidth {
                    stored[start + i * Self.panel] = keys[head * headWidth + i]
                }
            }
        }
        layers[layer].values.withUnsafeMutableBufferPointer { stored in
            for head in 0..<headCount {
                let start = (head * capacity + position) * headWidth
                for i in 0..<headWidth { stored[start + i] = values[head * headWidth + i] }
            }
        }
    }
}
