extension SafeTensors {
    /// Bytes per element of every type that the format names.
    private static let elementByteCounts: [String: Int] = [
        "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2, "F16": 2,
        "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8,
    ]

    /// Returns how many bytes an element of a type has.
    static func elementByteCount(_ type: String, place: String) throws(ModelError) -> Int {
        guard let count = elementByteCounts[type] else {
            throw ModelError(.unsupported, "\(place): type '\(type)' is unknown")
        }
        return count
    }

    /// Returns the entries of a header whose ranges cover `dataByteCount` bytes exactly.
    static func entries(
        _ header: JSONObject, dataByteCount: Int
    ) throws(ModelError) -> [String: Entry] {
        var entries: [Entry] = []
        for member in header.members where member.key != "__metadata__" {
            guard case .object(let object) = member.value else {
                throw ModelError(
                    .malformed,
                    "\(header.place): tensor '\(member.key)' is \(member.value.kind), not an object"
                )
            }
            entries.append(try entry(member.key, object, dataByteCount: dataByteCount))
        }
        try checkCover(entries, header.place, dataByteCount: dataByteCount)
        var byName: [String: Entry] = [:]
        for entry in entries {
            // Byte-different names can still be equal strings: canonical equivalence.
            guard byName.updateValue(entry, forKey: entry.name) == nil else {
                throw ModelError(
                    .malformed, "\(header.place): tensor '\(entry.name)' is there twice")
            }
        }
        return byName
    }

    /// Returns the members of `__metadata__`, which all are texts; empty where there is none.
    static func metadata(_ header: JSONObject) throws(ModelError) -> [String: String] {
        guard let value = header["__metadata__"] else { return [:] }
        guard case .object(let object) = value else {
            throw ModelError(
                .malformed, "\(header.place): '__metadata__' is \(value.kind), not an object")
        }
        var texts: [String: String] = [:]
        for member in object.members { texts[member.key] = try object.string(member.key) }
        return texts
    }

    private static func entry(
        _ name: String, _ object: JSONObject, dataByteCount: Int
    ) throws(ModelError) -> Entry {
        try object.refuseKeys(besides: ["dtype", "shape", "data_offsets"])
        let type = try object.string("dtype")
        let elementByteCount = try elementByteCount(type, place: object.place)
        let shape = try integers("shape", object)
        let offsets = try integers("data_offsets", object)
        guard shape.count <= dimensionCountMax else {
            throw ModelError(
                .limit,
                "\(object.place): \(shape.count) dimensions, more than \(dimensionCountMax)")
        }
        guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= dataByteCount else {
            throw ModelError(
                .malformed,
                "\(object.place): data_offsets \(offsets) do not lie in 0...\(dataByteCount)")
        }
        var byteCount = elementByteCount
        for dimension in shape {
            let (product, overflow) = byteCount.multipliedReportingOverflow(by: dimension)
            guard !overflow else {
                throw ModelError(.malformed, "\(object.place): shape \(shape) is too large")
            }
            byteCount = product
        }
        guard byteCount == offsets[1] - offsets[0] else {
            throw ModelError(
                .malformed,
                "\(object.place): shape \(shape) of \(type) takes \(byteCount) bytes, "
                    + "data_offsets give \(offsets[1] - offsets[0])")
        }
        return Entry(name: name, type: type, shape: shape, range: offsets[0]..<offsets[1])
    }

    private static func integers(
        _ key: String, _ object: JSONObject
    ) throws(ModelError) -> [Int] {
        var numbers: [Int] = []
        for item in try object.array(key) {
            guard case .number(let text) = item, let number = Int(text), number >= 0 else {
                throw ModelError(
                    .malformed, "\(object.place): '\(key)' holds \(item.kind), not a size")
            }
            numbers.append(number)
        }
        return numbers
    }

    private static func checkCover(
        _ entries: [Entry], _ place: String, dataByteCount: Int
    ) throws(ModelError) {
        var end = 0
        for entry in entries.sorted(by: {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }) {
            guard entry.range.lowerBound == end else {
                let defect = entry.range.lowerBound < end ? "overlaps another" : "leaves a gap"
                throw ModelError(
                    .malformed,
                    "\(place): tensor '\(entry.name)' \(defect): it starts at "
                        + "\(entry.range.lowerBound), the one before ends at \(end)")
            }
            end = entry.range.upperBound
        }
        guard end == dataByteCount else {
            throw ModelError(
                .malformed, "\(place): tensors end at \(end), the data at \(dataByteCount)")
        }
    }
}
