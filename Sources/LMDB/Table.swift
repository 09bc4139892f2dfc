import CLMDB

/// A named key-value map inside an environment, in the order of the keys' bytes.
package struct Table: Sendable {
    /// LMDB's longest key, in bytes.
    package static let keyBytesMax = 511

    package let name: String
    let handle: MDB_dbi
    /// What ``TableTrace`` knows it by; 0 while nobody traces.
    var traceMark: UInt = 0
}
