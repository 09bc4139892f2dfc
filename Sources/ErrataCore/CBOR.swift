// CANONICAL ENCODING: deterministic CBOR, RFC 8949 section 4.2.1, cut down to what the journal needs.
//
//   integers    major types 0 and 1, shortest form, within Int64 and UInt64
//   bytes, text definite length; text is UTF-8
//   arrays      definite length
//   maps        definite length, keys in the bytewise order of their encodings, no key twice
//   simple      false, true, null
//
// No floats, no tags, no indefinite lengths. The decoder accepts exactly what the encoder writes, so a
// value has one encoding and an encoding that decodes has one hash.
//
// Example: {0: 1, 1: "a"} → a2 00 01 01 61 61

/// One CBOR data item of the canonical subset.
package indirect enum CBOR: Equatable, Sendable {
    case unsigned(UInt64)
    /// The integer -1 - n, so every value below zero has one spelling.
    case negative(UInt64)
    case bytes([UInt8])
    case text(String)
    case array([CBOR])
    case map([Entry])
    case bool(Bool)
    case null

    package struct Entry: Equatable, Sendable {
        package let key: CBOR
        package let value: CBOR

        package init(_ key: CBOR, _ value: CBOR) {
            self.key = key
            self.value = value
        }
    }

    /// The deepest nesting that is read or written.
    package static let depthMax = 16

    package static func int(_ value: Int64) -> CBOR {
        value >= 0 ? .unsigned(UInt64(value)) : .negative(UInt64(-1 - value))
    }

    /// Returns a map with small integer keys; entries whose value is nil are left out.
    package static func fields(_ values: [(UInt64, CBOR?)]) -> CBOR {
        .map(values.compactMap { key, value in value.map { Entry(.unsigned(key), $0) } })
    }

    // MARK: Encoding

    /// The canonical encoding; map entries are sorted here, so their order in the value does not matter.
    package var encoded: [UInt8] {
        var out: [UInt8] = []
        encode(into: &out)
        return out
    }

    package func encode(into out: inout [UInt8]) {
        switch self {
        case .unsigned(let value): CBOR.head(0, value, &out)
        case .negative(let value): CBOR.head(1, value, &out)
        case .bytes(let bytes):
            CBOR.head(2, UInt64(bytes.count), &out)
            out += bytes
        case .text(let text):
            CBOR.head(3, UInt64(text.utf8.count), &out)
            out += text.utf8
        case .array(let items):
            CBOR.head(4, UInt64(items.count), &out)
            for item in items { item.encode(into: &out) }
        case .map(let entries):
            CBOR.head(5, UInt64(entries.count), &out)
            if CBOR.areInOrder(entries) {
                for entry in entries {
                    entry.key.encode(into: &out)
                    entry.value.encode(into: &out)
                }
                return
            }
            let sorted = entries.map { (key: $0.key.encoded, value: $0.value) }
                .sorted { $0.key.lexicographicallyPrecedes($1.key) }
            for entry in sorted {
                out += entry.key
                entry.value.encode(into: &out)
            }
        case .bool(let value): out.append(value ? 0xf5 : 0xf4)
        case .null: out.append(0xf6)
        }
    }

    /// Whether all keys are unsigned and ascend, as those of ``fields(_:)`` do; their encodings ascend then.
    private static func areInOrder(_ entries: [Entry]) -> Bool {
        var least: UInt64 = 0
        for entry in entries {
            guard case .unsigned(let key) = entry.key, key >= least, key < .max else {
                return false
            }
            least = key + 1
        }
        return true
    }

    static func head(_ major: UInt8, _ value: UInt64, _ out: inout [UInt8]) {
        let type = major << 5
        switch value {
        case 0..<24: out.append(type | UInt8(value))
        case 24...0xff:
            out.append(type | 24)
            out.append(UInt8(value))
        case 0x100...0xffff:
            out.append(type | 25)
            out.append(UInt8(value >> 8))
            out.append(UInt8(value & 0xff))
        case 0x1_0000...0xffff_ffff:
            out.append(type | 26)
            for shift in [24, 16, 8, 0] as [UInt64] {
                out.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        default:
            out.append(type | 27)
            out.append(bigEndian: value)
        }
    }
}
