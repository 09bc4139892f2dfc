import ErrataModels
import ErrataService
import Foundation

/// Where benchmarks find what they need.
enum BenchPaths {
    static func fixture(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures").appending(path: name).path
    }

    /// The encoder to measure: the one that was named, or the installed one; nil if there is none.
    static func encoderDirectory(_ options: BenchOptions) -> String? {
        if let named = options.encoder { return named }
        let environment = ProcessInfo.processInfo.environment
        guard let store = try? ModelStore.directory(environment: environment) else { return nil }
        return ModelStore.installed(in: store).first?.directory
    }

    static func open(_ directory: String, _ encoder: String?) throws -> KnowledgeBase {
        try KnowledgeBase(
            KnowledgeBase.Configuration(
                dataDirectory: directory + "/data", encoderDirectory: encoder))
    }
}
