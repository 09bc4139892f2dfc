/// Vectors that another index of the same store has, by what names their texts.
///
/// A new index that is made beside it then encodes only what is new.
struct VectorDonor: Sendable {
    let database: IndexDatabase
    let vectors: VectorStore

    /// Returns the vector of each text, nil where there is none.
    func vectors(of textIDs: [[UInt8]]) throws -> [[Float]?] {
        let view = vectors.view
        return try database.rows(textIDs: textIDs, below: view.count).map { row in
            row.flatMap(view.vector)
        }
    }
}
