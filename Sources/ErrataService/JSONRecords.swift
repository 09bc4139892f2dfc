import ErrataCore
import Foundation

/// One record of a file of facts: the JSON text and the line on which it begins.
struct JSONRecord {
    let line: Int
    /// The place in the array, from 1; nil in JSON Lines, where the line says it.
    let number: Int?
    let bytes: ArraySlice<UInt8>

    /// How people are told of the record.
    var place: String { number.map { "record \($0)" } ?? "line \(line)" }

    /// Returns the problem of this record; in an array, whose lines may hold many, with its place.
    func problem(_ message: String) -> ImportProblem {
        ImportProblem(line: line, message: number == nil ? message : "\(place): \(message)")
    }
}

/// Splits a file into its records: the elements of one JSON array, or the lines of JSON Lines.
///
/// Splitting reads only brackets and strings; whether a record is valid JSON is found when it is decoded.
enum JSONRecords {
    static let recordBytesMax = 1_000_000
    static let depthMax = 64

    static let countMax = 1_000_000

    /// Calls `body` with each record of `bytes`; throws the problem that keeps records from being found.
    static func forEach(
        in bytes: [UInt8], _ body: (JSONRecord) -> Void
    ) throws(ImportProblem) {
        let start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        guard let first = bytes[start...].first(where: { !isSpace($0) }) else { return }
        if first == UInt8(ascii: "[") {
            try forEachElement(of: bytes[start...], body)
        } else {
            try forEachLine(of: bytes[start...], body)
        }
    }

    private static func forEachLine(
        of bytes: ArraySlice<UInt8>, _ body: (JSONRecord) -> Void
    ) throws(ImportProblem) {
        var (rest, line, count) = (bytes, 0, 0)
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            let text = rest[..<end]
            rest = rest[end...].dropFirst()
            line += 1
            guard !text.allSatisfy(isSpace) else { continue }
            count += 1
            try checkCount(count, line)
            body(JSONRecord(line: line, number: nil, bytes: text))
        }
    }

    /// Walks over one array and notes where each element begins and ends.
    private static func forEachElement(
        of bytes: ArraySlice<UInt8>, _ body: (JSONRecord) -> Void
    ) throws(ImportProblem) {
        var scanner = ElementScanner()
        var count = 0
        for (offset, byte) in zip(bytes.indices, bytes) {
            guard let range = try scanner.take(byte, at: offset) else { continue }
            count += 1
            try checkCount(count, scanner.elementLine)
            body(JSONRecord(line: scanner.elementLine, number: count, bytes: bytes[range]))
        }
        guard scanner.isFinished else {
            throw ImportProblem(line: scanner.line, message: "the JSON array is not closed")
        }
    }

    private static func checkCount(_ count: Int, _ line: Int) throws(ImportProblem) {
        guard count > countMax else { return }
        throw ImportProblem(
            line: line, message: "the file has more than \(countMax) records; split it")
    }

    fileprivate static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
    }
}

/// Finds the elements of a JSON array in one pass over its bytes.
private struct ElementScanner {
    private(set) var line = 1
    /// The line on which the element that was returned last begins.
    private(set) var elementLine = 1
    private(set) var isFinished = false
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var start: Int?
    private var startLine = 1

    /// Takes the next byte; returns the range of the element that it ends, if it ends one.
    mutating func take(_ byte: UInt8, at offset: Int) throws(ImportProblem) -> Range<Int>? {
        defer { if byte == UInt8(ascii: "\n") { line += 1 } }
        guard !isFinished else {
            guard JSONRecords.isSpace(byte) else {
                throw ImportProblem(line: line, message: "something follows the JSON array")
            }
            return nil
        }
        if isInString {
            takeInString(byte)
            return nil
        }
        if depth == 1, byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") {
            return try endElement(at: offset, closesArray: byte == UInt8(ascii: "]"))
        }
        if depth == 1, start == nil, !JSONRecords.isSpace(byte) {
            start = offset
            startLine = line
        }
        try takeOutside(byte)
        return nil
    }

    private mutating func takeInString(_ byte: UInt8) {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            isInString = false
        }
    }

    private mutating func takeOutside(_ byte: UInt8) throws(ImportProblem) {
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
        default: break
        }
        guard (1...JSONRecords.depthMax).contains(depth) || JSONRecords.isSpace(byte) else {
            throw ImportProblem(line: line, message: "the brackets of the JSON array do not match")
        }
    }

    private mutating func endElement(
        at offset: Int, closesArray: Bool
    ) throws(ImportProblem) -> Range<Int>? {
        defer { start = nil }
        isFinished = closesArray
        guard let start else {
            guard closesArray else {
                throw ImportProblem(line: line, message: "an element is missing before ','")
            }
            return nil
        }
        elementLine = startLine
        return start..<offset
    }
}
