import Foundation
import LMDB

/// Runs `body` with a fresh directory, which is removed afterwards.
func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
    let path = try makeTemporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
}

func withEnvironment(mapBytes: Int = 1 << 20, _ body: (Environment) throws -> Void) throws {
    try withTemporaryDirectory { path in
        let environment = try Environment(at: path, options: .init(mapBytes: mapBytes))
        defer { environment.close() }
        try body(environment)
    }
}

func withEnvironment(
    mapBytes: Int = 1 << 20, _ body: (Environment) async throws -> Void
) async throws {
    let path = try makeTemporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let environment = try Environment(at: path, options: .init(mapBytes: mapBytes))
    defer { environment.close() }
    try await body(environment)
}

private func makeTemporaryDirectory() throws -> String {
    let path = NSTemporaryDirectory() + "/errata-lmdb-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
}
