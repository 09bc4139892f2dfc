import ErrataCore
import FoundationEssentials

/// What a dataset holds and was made of; written beside it as JSON with sorted keys.
package struct DatasetStatistics: Codable, Sendable, Equatable {
    package struct File: Codable, Sendable, Equatable {
        package let name: String
        package let sha256: String
        package let bytes: Int
        package let lines: Int
    }

    package struct Input: Codable, Sendable, Equatable {
        package let name: String
        package let format: String
        package let sha256: String
        package let bytes: Int
        package let records: Int
        /// Well-formed records that give no pairs.
        package let skipped: Int
    }

    /// Pairs by their scope, and by source and kind.
    package struct Counts: Codable, Sendable, Equatable {
        package var pairs = 0
        package var inScope = 0
        package var outOfScope = 0
        /// Pairs in scope whose answer does not occur in the edit.
        package var withoutSpan = 0
        package var bySource: [String: Int] = [:]
        package var byKind: [String: Int] = [:]
        package var questionBytes = Lengths()
        package var editBytes = Lengths()
    }

    package struct Lengths: Codable, Sendable, Equatable {
        package var total = 0
        package var longest = 0

        mutating func add(_ text: String) {
            total += text.utf8.count
            longest = max(longest, text.utf8.count)
        }
    }

    package let seed: UInt64
    package let relations: Int
    package let train: Counts
    package let heldBack: Counts
    package let chatLines: Int
    package let inputs: [Input]
    package let files: [File]

    /// The text of the file, with a line end.
    package var json: String {
        get throws(DatasetError) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            do {
                return String(decoding: try encoder.encode(self), as: UTF8.self)
            } catch {
                throw DatasetError(.malformed, "the statistics cannot be written as JSON")
            }
        }
    }
}

extension DatasetStatistics.Counts {
    mutating func add(_ pair: ScopePair) {
        pairs += 1
        if let answer = pair.answer {
            inScope += 1
            if answer.span == nil { withoutSpan += 1 }
        } else {
            outOfScope += 1
        }
        bySource[pair.source, default: 0] += 1
        byKind["\(pair.isInScope ? "in" : "out")/\(pair.kind)", default: 0] += 1
        questionBytes.add(pair.question)
        editBytes.add(pair.edit)
    }
}

extension DatasetStatistics.Input {
    init(_ input: DatasetInput) {
        self.init(
            name: input.name, format: input.format.rawValue, sha256: input.digest.hex,
            bytes: input.byteCount,
            records: input.content.records.count + input.content.openQuestions.count,
            skipped: input.content.skippedCount)
    }
}
