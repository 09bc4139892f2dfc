/// What a finding of a verification means for the store.
package enum StorePart: Sendable {
    /// Operations, payloads, keys, events, or the files under them: only a backup brings them back.
    case base
    /// A table that follows from the operations.
    case derivedTable
    /// The search index, which follows from the journal.
    case index
    /// The audit database, which follows from the journal and the events.
    case audit

    private static let derivedTables: Set = [
        "merkle", "commits", "nodes", "history", "branches", "tags", "reflog", "models",
        "redactions", "receipts", "conflicts", "policies", "derived",
    ]

    /// Tells by the place that a finding names.
    package init(of place: String) {
        let parts = place.split(separator: "/")
        // Findings of pages name the environment too: where the tree itself is torn, nothing is rebuilt in it.
        let isPage = parts.count > 1
        if parts.first == "index" {
            self = .index
        } else if parts.first == "audit" {
            self = .audit
        } else if !isPage, let last = parts.last, StorePart.derivedTables.contains(String(last)) {
            self = .derivedTable
        } else {
            self = .base
        }
    }
}
