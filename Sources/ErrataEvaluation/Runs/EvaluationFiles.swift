import ErrataCore
import Foundation
import Glibc
import Synchronization

/// The results of a run in a directory: `run.json` and, line by line as they come, `measurements.jsonl`.
package final class EvaluationFiles: Sendable {
    package static let headerName = "run.json"
    package static let measurementsName = "measurements.jsonl"
    private static let fileBytesMax = 1 << 30

    private let file: Mutex<Int32>

    /// Begins a run, or goes on with one.
    ///
    /// Returns what is measured already. Throws where the directory holds another run, or this one and `resumes` is
    /// not set. A last line that was cut short is dropped.
    package static func open(
        _ directory: String, _ header: EvaluationHeader, resumes: Bool
    ) throws -> (files: EvaluationFiles, measured: [ItemMeasurement]) {
        let (headerPath, path) = paths(in: directory)
        var measured: [ItemMeasurement] = []
        if FileManager.default.fileExists(atPath: headerPath) {
            guard resumes else {
                throw EvaluationError(
                    "\(directory) holds a run already",
                    hint: "--resume goes on with it; or name another directory.")
            }
            let old = try readHeader(directory)
            guard old.fits(header) else {
                throw EvaluationError(
                    "\(directory) holds another run: data, models or options differ",
                    hint: "Name another directory.")
            }
            measured = try readMeasurements(path, dropsLast: true)
        } else {
            do {
                try FileManager.default.createDirectory(
                    atPath: directory, withIntermediateDirectories: true)
                try encoded(header, pretty: true).write(to: URL(filePath: headerPath))
            } catch {
                throw EvaluationError(
                    "results cannot be written to \(directory): \(error.localizedDescription)")
            }
        }
        let files = try EvaluationFiles(path, keeping: measured)
        return (files, measured)
    }

    /// Reads a run.
    package static func read(
        _ directory: String
    ) throws -> (header: EvaluationHeader, measured: [ItemMeasurement]) {
        (try readHeader(directory), try readMeasurements(paths(in: directory).1, dropsLast: true))
    }

    private static func paths(in directory: String) -> (String, String) {
        (directory + "/" + headerName, directory + "/" + measurementsName)
    }

    private static func readHeader(_ directory: String) throws -> EvaluationHeader {
        let path = directory + "/" + headerName
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw EvaluationError("\(directory) holds no run: there is no \(headerName)")
        }
        do {
            let header = try JSONDecoder().decode(EvaluationHeader.self, from: bytes)
            guard header.format == EvaluationHeader.formatVersion else {
                throw EvaluationError("\(path) is of format \(header.format), not known here")
            }
            return header
        } catch let error as DecodingError {
            throw EvaluationError("\(path) is damaged: \(error.plainDescription)")
        }
    }

    private static func readMeasurements(
        _ path: String, dropsLast: Bool
    ) throws -> [ItemMeasurement] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        guard let bytes = FileManager.default.contents(atPath: path), bytes.count <= fileBytesMax
        else { throw EvaluationError("\(path) cannot be read") }
        let decoder = JSONDecoder()
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var measured: [ItemMeasurement] = []
        for (index, line) in lines.enumerated() where !line.isEmpty {
            do {
                measured.append(try decoder.decode(ItemMeasurement.self, from: line))
            } catch {
                // What was being written when the machine stopped.
                if dropsLast, index == lines.count - 1 { break }
                throw EvaluationError("\(path), line \(index + 1), is no measurement")
            }
        }
        return measured
    }

    private static func encoded(_ value: some Encodable, pretty: Bool = false) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.sortedKeys, .prettyPrinted] : [.sortedKeys]
        return try encoder.encode(value) + [UInt8(ascii: "\n")]
    }

    private init(_ path: String, keeping measured: [ItemMeasurement]) throws {
        var bytes = Data()
        for item in measured { bytes += try EvaluationFiles.encoded(item) }
        try bytes.write(to: URL(filePath: path), options: .atomic)
        let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw EvaluationError("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        file = Mutex(descriptor)
    }

    deinit { _ = file.withLock { close($0) } }

    /// Adds one item's measurement.
    package func append(_ item: ItemMeasurement) throws {
        let line = Array(try EvaluationFiles.encoded(item))
        try file.withLock { descriptor in
            var rest = line[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                guard count > 0 else {
                    throw EvaluationError(
                        "results cannot be written: \(String(cString: strerror(errno)))")
                }
                rest = rest.dropFirst(count)
            }
        }
    }
}

extension DecodingError {
    fileprivate var plainDescription: String {
        switch self {
        case .keyNotFound(let key, _): "'\(key.stringValue)' is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context),
            .dataCorrupted(let context):
            context.debugDescription
        @unknown default: "it is no JSON of a run"
        }
    }
}
