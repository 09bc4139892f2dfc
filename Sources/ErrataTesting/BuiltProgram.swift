import Foundation

/// The built `errata`, which lies beside the test bundle.
package enum BuiltProgram {
    package static let path = URL(fileURLWithPath: CommandLine.arguments[0])
        .deletingLastPathComponent().appendingPathComponent("errata").path

    /// What starts it as the process of a query.
    package static let auditCommand = [path, "audit-worker"]
}
