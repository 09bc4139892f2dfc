import ErrataAlignment
import ErrataService
import ErrataTesting
import Foundation

extension SyntheticGenerator.Statement {
    /// The fact as a line of an import.
    func line(_ number: Int) throws -> [UInt8] {
        let fields = [
            "key": "drawn.\(number)", "subject": subject, "object": object,
            "prompt": prompt, "statement": statement,
        ]
        return Array(try JSONEncoder().encode(fields)) + [UInt8(ascii: "\n")]
    }
}

extension KnowledgeBase {
    /// Commits drawn facts and waits until they can be asked about; those that are there stay.
    func take(_ statements: some Collection<SyntheticGenerator.Statement>) async throws {
        let lines = try statements.enumerated().map { try $0.element.line($0.offset) }
        _ = try await importFacts(
            Array(lines.joined()), ImportOptions(format: .jsonl, message: "Drawn"), actor: .ada)
        try await waitForIndex(at: "main")
    }
}
