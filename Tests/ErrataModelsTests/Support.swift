import ErrataModels
import Foundation
import Testing

/// Where the recorded references lie.
let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/encoder").path

/// The kernel levels that this machine can run.
let levels = ["baseline", "avx2", "avx512", "amx"].compactMap(Kernels.named)

/// One sentence of a recorded reference.
struct RecordedSentence: Decodable {
    let text: String
    let ids: [Int32]
    let truncated: Int?
}

/// The JSON half of a recorded reference.
struct Recorded: Decodable {
    let sentences: [RecordedSentence]
    let scalars: String?
    let buckets: [Int]?

    init(_ name: String) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: fixtures + "/" + name))
        self = try JSONDecoder().decode(Recorded.self, from: data)
    }
}

/// A generator whose numbers follow from its seed (Steele, Lea and Flood 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    mutating func floats(_ count: Int) -> [Float] {
        (0..<count).map { _ in Float.random(in: -3...3, using: &self) }
    }

    mutating func bytes(_ count: Int) -> [Int8] {
        (0..<count).map { _ in Int8.random(in: -128...127, using: &self) }
    }
}

/// Compares element by element; reports the largest difference and its place, and fails on NaN.
func expectClose(
    _ actual: some Collection<Float>, _ expected: some Collection<Float>, within tolerance: Float,
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    guard actual.count == expected.count else {
        Issue.record(
            "\(what): \(actual.count) elements, expected \(expected.count)",
            sourceLocation: sourceLocation)
        return
    }
    var worst: (difference: Float, place: Int) = (0, 0)
    for (place, (a, b)) in zip(actual, expected).enumerated() {
        let difference = abs(a - b)
        if !(difference <= worst.difference) { worst = (difference, place) }
    }
    #expect(
        worst.difference <= tolerance,
        "\(what): largest difference \(worst.difference) at \(worst.place)",
        sourceLocation: sourceLocation)
}

/// A directory that is removed at the end of `body`.
func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result
{
    let path = NSTemporaryDirectory() + "errata-models-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// Calls `body` with a copy of the tiny model that it may spoil.
func withTinyModel<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    try await withTemporaryDirectory { directory in
        let copy = directory + "/tiny"
        try FileManager.default.copyItem(atPath: fixtures + "/tiny", toPath: copy)
        return try await body(copy)
    }
}

/// Replaces the only occurrence of `old` in a text file.
func replace(_ old: String, by new: String, in path: String) throws {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let parts = text.components(separatedBy: old)
    try #require(parts.count == 2, "'\(old)' is there \(parts.count - 1) times")
    try parts.joined(separator: new).write(toFile: path, atomically: true, encoding: .utf8)
}

/// Returns the error that `body` throws, which must be a `ModelError`.
func modelError(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> ModelError {
    try #require(
        #expect(throws: ModelError.self, sourceLocation: sourceLocation) { try body() },
        sourceLocation: sourceLocation)
}
