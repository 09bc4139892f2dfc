import ErrataModels

/// Files of records: JSON Lines, or one JSON array of objects.
package enum DatasetRecords {
    /// The largest file that is read, in bytes.
    package static let fileBytesMax = 64 << 20

    /// Reads a file; returns its records and its bytes.
    package static func read(
        path: String, name: String
    ) throws(DatasetError) -> (records: [DatasetFields], bytes: [UInt8]) {
        let bytes = try DatasetFile.bytes(path, limit: fileBytesMax)
        return (try read(bytes, name: name), bytes)
    }

    /// Splits the bytes into objects: an array of them, or one on each line.
    package static func read(
        _ bytes: [UInt8], name: String
    ) throws(DatasetError) -> [DatasetFields] {
        let first = bytes.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        guard let first else { throw DatasetError(.malformed, "\(name): the file is empty") }
        if first == UInt8(ascii: "[") { return try array(bytes, name) }
        var records: [DatasetFields] = []
        var line = 0
        for part in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            line += 1
            if part.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { continue }
            records.append(try DatasetFields(Array(part), place: "\(name):\(line)"))
        }
        return records
    }

    private static func array(
        _ bytes: [UInt8], _ name: String
    ) throws(DatasetError) -> [DatasetFields] {
        let value: JSONValue
        do { value = try JSONReader.value(bytes, place: name) } catch {
            throw DatasetError(.malformed, error.message)
        }
        guard case .array(let items) = value else {
            throw DatasetError(.malformed, "\(name): expected an array, found \(value.kind)")
        }
        var records: [DatasetFields] = []
        for (index, item) in items.enumerated() {
            guard case .object(let object) = item else {
                throw DatasetError(
                    .malformed, "\(name)[\(index)]: expected an object, found \(item.kind)")
            }
            records.append(DatasetFields(object, place: "\(name)[\(index)]"))
        }
        return records
    }
}
