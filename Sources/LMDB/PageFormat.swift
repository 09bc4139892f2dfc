// LMDB's data file, format 1 (mdb.c of 0.9: MDB_page, MDB_node, MDB_db, MDB_meta), on a 64-bit little-endian
// machine. Pages 0 and 1 are meta pages; transaction t writes page t mod 2.
//
//   page    0 page number (8)   8 pad (2)   10 flags (2)   12 lower (2)   14 upper (2)   16 node offsets (2 each)
//           an overflow page has its page count (4) at 12 instead, and its value from 16 on
//   node    0 low (2)   2 high (2)   4 flags (2)   6 key size (2)   8 key, then in a leaf the value
//           a leaf's value has low + high·2^16 bytes; of a big one only the page number (8) is in the node
//           a branch's child is page low + high·2^16 + flags·2^32
//   table   0 pad (4)   4 flags (2)   6 depth (2)   8 branch, 16 leaf, 24 overflow pages, 32 entries, 40 root
//   meta    page header, 16 magic (4)   20 version (4)   24 address (8)   32 map size (8)
//           40 table of free pages, whose pad is the page size   88 table of tables
//           136 last page (8)   144 transaction (8)

/// One page as it lies in the file.
struct PageBytes {
    static let headerByteCount = 16

    enum Flag {
        static let branch: UInt16 = 0x01
        static let leaf: UInt16 = 0x02
        static let overflow: UInt16 = 0x04
        static let meta: UInt16 = 0x08
    }

    let bytes: [UInt8]

    var number: UInt64 { bytes.number(UInt64.self, at: 0) }
    var flags: UInt16 { bytes.number(UInt16.self, at: 10) }
    var lower: Int { Int(bytes.number(UInt16.self, at: 12)) }
    var upper: Int { Int(bytes.number(UInt16.self, at: 14)) }
    var overflowCount: UInt32 { bytes.number(UInt32.self, at: 12) }

    /// Where each node begins, in the order of keys; nil unless they fill the page's end without a gap.
    ///
    /// LMDB packs nodes from the end of the page and closes the gap when one is deleted.
    func nodes(isLeaf: Bool) -> [PageNode]? {
        guard lower >= PageBytes.headerByteCount, lower.isMultiple(of: 2), lower <= upper,
            upper <= bytes.count
        else { return nil }
        var nodes: [PageNode] = []
        for place in stride(from: PageBytes.headerByteCount, to: lower, by: 2) {
            let offset = Int(bytes.number(UInt16.self, at: place))
            guard offset >= upper, offset + PageNode.headerByteCount <= bytes.count else {
                return nil
            }
            let node = PageNode(in: bytes, at: offset, isLeaf: isLeaf)
            guard node.end <= bytes.count else { return nil }
            nodes.append(node)
        }
        var end = upper
        for node in nodes.sorted(by: { $0.offset < $1.offset }) {
            guard node.offset == end else { return nil }
            end = node.end
        }
        return end == bytes.count ? nodes : nil
    }
}

/// One key of a page, with its value or child.
struct PageNode {
    static let headerByteCount = 8

    enum Flag {
        static let big: UInt16 = 0x01
        static let table: UInt16 = 0x02
    }

    let offset: Int
    let flags: UInt16
    let keyByteCount: Int
    /// Low and high half of the value's size, or of the child's number.
    private let size: UInt32
    private let isLeaf: Bool

    init(in bytes: [UInt8], at offset: Int, isLeaf: Bool) {
        self.offset = offset
        self.isLeaf = isLeaf
        size = bytes.number(UInt32.self, at: offset)
        flags = bytes.number(UInt16.self, at: offset + 4)
        keyByteCount = Int(bytes.number(UInt16.self, at: offset + 6))
    }

    var valueByteCount: Int { Int(size) }
    var isBig: Bool { flags & Flag.big != 0 }
    var child: UInt64 { UInt64(size) | UInt64(flags) << 32 }

    private var keyStart: Int { offset + PageNode.headerByteCount }
    private var valueStart: Int { keyStart + keyByteCount }

    /// One past the node, which takes an even number of bytes.
    var end: Int {
        let value = isLeaf ? (isBig ? 8 : valueByteCount) : 0
        return (valueStart + value + 1) & ~1
    }

    func key(in bytes: [UInt8]) -> [UInt8] { Array(bytes[keyStart..<valueStart]) }

    /// The value, or the overflow page's number if it is big.
    func value(in bytes: [UInt8]) -> [UInt8] {
        Array(bytes[valueStart..<valueStart + (isBig ? 8 : valueByteCount)])
    }
}

/// What LMDB keeps of a table.
struct TableRecord: Equatable {
    static let byteCount = 48
    static let noRoot = UInt64.max

    let pad: UInt32
    let flags: UInt16
    let depth: UInt16
    let branchPages: UInt64
    let leafPages: UInt64
    let overflowPages: UInt64
    let entries: UInt64
    let root: UInt64

    init(in bytes: [UInt8], at offset: Int) {
        pad = bytes.number(UInt32.self, at: offset)
        flags = bytes.number(UInt16.self, at: offset + 4)
        depth = bytes.number(UInt16.self, at: offset + 6)
        branchPages = bytes.number(UInt64.self, at: offset + 8)
        leafPages = bytes.number(UInt64.self, at: offset + 16)
        overflowPages = bytes.number(UInt64.self, at: offset + 24)
        entries = bytes.number(UInt64.self, at: offset + 32)
        root = bytes.number(UInt64.self, at: offset + 40)
    }
}

/// One of the two meta pages: the state that one transaction left.
struct MetaPage: Equatable {
    static let byteCount = 152
    static let pageByteCounts = 256...65_536
    /// Both tables and the last page: what makes the state.
    static let stateRange = 40..<144
    static let magic: UInt32 = 0xbeef_c0de
    static let version: UInt32 = 1
    /// What `flags` of the table of free pages are: `MDB_INTEGERKEY`.
    static let freeFlags: UInt16 = 0x08

    let isMeta: Bool
    let number: UInt64
    let free: TableRecord
    let tables: TableRecord
    let lastPage: UInt64
    let transaction: UInt64

    var pageByteCount: Int { Int(free.pad) }

    init(_ bytes: [UInt8]) {
        let page = PageBytes(bytes: bytes)
        isMeta =
            page.flags == PageBytes.Flag.meta
            && bytes.number(UInt32.self, at: 16) == MetaPage.magic
            && bytes.number(UInt32.self, at: 20) == MetaPage.version
        number = page.number
        free = TableRecord(in: bytes, at: 40)
        tables = TableRecord(in: bytes, at: 88)
        lastPage = bytes.number(UInt64.self, at: 136)
        transaction = bytes.number(UInt64.self, at: 144)
    }
}

extension [UInt8] {
    /// Reads a little-endian number; the bytes must be there.
    func number<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number {
        precondition(offset >= 0 && offset + MemoryLayout<Number>.size <= count)
        return withUnsafeBytes {
            Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: type))
        }
    }
}
