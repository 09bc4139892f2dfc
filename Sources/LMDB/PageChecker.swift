/// Something that is not as LMDB leaves it.
package struct PageProblem: Equatable, Sendable {
    /// The table, or nil if it is about the file.
    package let table: String?
    package let message: String
}

/// Walks the trees of one state of the data file and accounts for every page.
///
/// LMDB keeps no checksums and believes what it reads. This holds each page against its number, its place in
/// the tree, the order of its keys and the counts above it, and finds pages that are in use twice, free and in
/// use, or neither. Bytes that LMDB never reads are not looked at: free pages, and the gaps in pages.
struct PageChecker: ~Copyable {
    /// LMDB's own bound on the depth of a tree (`CURSOR_STACK`).
    private static let depthMax = 32

    private enum Owner: UInt8 {
        case nobody, tree, free
    }

    private let file: DataFile
    private let meta: MetaPage
    private var owners: [UInt8]
    private var problems: [PageProblem] = []
    private let progress: (Int, Int) -> Void
    private var doneCount = 0

    /// Checks the state `meta`, whose pages nobody may write over meanwhile.
    init(_ file: consuming DataFile, _ meta: MetaPage, progress: @escaping (Int, Int) -> Void) {
        self.file = file
        self.meta = meta
        self.progress = progress
        owners = []
    }

    consuming func run() throws -> [PageProblem] {
        let size = meta.pageByteCount
        let held = UInt64(try file.byteCount() / size)
        guard meta.lastPage < held, meta.lastPage >= 1 else {
            report(nil, "the last page is \(meta.lastPage), the file has \(held)")
            return problems
        }
        owners = [UInt8](repeating: 0, count: Int(meta.lastPage) + 1)
        if meta.free.flags != MetaPage.freeFlags {
            report(nil, "the flags of the file are damaged")
        }
        try walk(meta.free, of: nil, isFreeList: true)
        try walk(meta.tables, of: nil, isFreeList: false)
        let lost = owners.dropFirst(2).count { $0 == Owner.nobody.rawValue }
        if lost > 0 {
            let first = owners.dropFirst(2).firstIndex(of: Owner.nobody.rawValue) ?? 0
            report(nil, "\(lost) pages, the first is \(first), are neither in use nor free")
        }
        return problems
    }

    private mutating func report(_ table: String?, _ message: String) {
        problems.append(PageProblem(table: table, message: message))
    }

    /// Notes that page `number` is a tree's or free; returns false if it must not be read again.
    private mutating func take(_ number: UInt64, _ owner: Owner, _ table: String?) -> Bool {
        guard number >= 2, number <= meta.lastPage else {
            report(table, "page \(number) is outside the file")
            return false
        }
        let before = owners[Int(number)]
        guard before == Owner.nobody.rawValue else {
            let how = before == Owner.tree.rawValue && owner == .tree ? "twice" : "and free as well"
            report(table, "page \(number) is in use \(how)")
            return false
        }
        owners[Int(number)] = owner.rawValue
        doneCount += 1
        if doneCount.isMultiple(of: 1024) { progress(doneCount, owners.count) }
        return true
    }

    private func page(_ number: UInt64) throws -> PageBytes? {
        let size = meta.pageByteCount
        return try file.read(size, at: Int(number) * size).map(PageBytes.init)
    }

    // MARK: Trees

    /// One tree on its way through.
    private struct Tree {
        let record: TableRecord
        let table: String?
        let isFreeList: Bool
        var branchPages: UInt64 = 0
        var leafPages: UInt64 = 0
        var overflowPages: UInt64 = 0
        var entries: UInt64 = 0
        var lastKey: [UInt8]?

        func isBefore(_ left: [UInt8], _ right: [UInt8]) -> Bool {
            if isFreeList, left.count == 8, right.count == 8 {
                return left.number(UInt64.self, at: 0) < right.number(UInt64.self, at: 0)
            }
            return left.lexicographicallyPrecedes(right)
        }
    }

    private mutating func walk(_ record: TableRecord, of table: String?, isFreeList: Bool) throws {
        if !isFreeList, record.flags != 0 || record.pad != 0 {
            report(table, "the flags of the table are damaged")
        }
        var tree = Tree(record: record, table: table, isFreeList: isFreeList)
        if record.root == TableRecord.noRoot {
            if record.depth != 0 { report(table, "an empty table has a depth") }
        } else if (1...PageChecker.depthMax).contains(Int(record.depth)) {
            try walk(page: record.root, level: 1, from: nil, to: nil, &tree)
        } else {
            report(table, "the depth of the table is \(record.depth)")
        }
        let found = [tree.branchPages, tree.leafPages, tree.overflowPages, tree.entries]
        let told = [record.branchPages, record.leafPages, record.overflowPages, record.entries]
        if found != told {
            report(
                table,
                "the table tells of \(told) branch, leaf and overflow pages and keys, it has \(found)"
            )
        }
    }

    private mutating func walk(
        page number: UInt64, level: Int, from: [UInt8]?, to: [UInt8]?, _ tree: inout Tree
    ) throws {
        guard take(number, .tree, tree.table) else { return }
        let isLeaf = level == Int(tree.record.depth)
        guard let page = try page(number), page.number == number,
            page.flags == (isLeaf ? PageBytes.Flag.leaf : PageBytes.Flag.branch),
            let nodes = page.nodes(isLeaf: isLeaf), !nodes.isEmpty
        else { return report(tree.table, "page \(number) is damaged") }
        let keys = nodes.map { $0.key(in: page.bytes) }
        // The first key of a branch page is never looked at.
        let known = isLeaf ? keys[...] : keys.dropFirst()
        let isSorted =
            zip(known, known.dropFirst()).allSatisfy { tree.isBefore($0, $1) }
            && (known.first.map { key in from.map { !tree.isBefore(key, $0) } ?? true } ?? true)
            && (known.last.map { key in to.map { tree.isBefore(key, $0) } ?? true } ?? true)
        guard isSorted else {
            return report(tree.table, "the keys of page \(number) are out of order")
        }
        guard !isLeaf else { return try walk(leaf: page, nodes, keys, &tree) }
        tree.branchPages += 1
        for (i, node) in nodes.enumerated() {
            try walk(
                page: node.child, level: level + 1, from: i == 0 ? from : keys[i],
                to: i + 1 < keys.count ? keys[i + 1] : to, &tree)
        }
    }

    private mutating func walk(
        leaf page: PageBytes, _ nodes: [PageNode], _ keys: [[UInt8]], _ tree: inout Tree
    ) throws {
        tree.leafPages += 1
        tree.entries += UInt64(nodes.count)
        for (node, key) in zip(nodes, keys) {
            let isTable = !tree.isFreeList && tree.table == nil
            let allowed = isTable ? PageNode.Flag.table : PageNode.Flag.big
            guard node.flags == 0 && !isTable || node.flags == allowed else {
                report(tree.table, "the flags of a row on page \(page.number) are damaged")
                continue
            }
            var value = node.value(in: page.bytes)
            if node.isBig {
                guard let big = try bigValue(value.number(UInt64.self, at: 0), node, &tree) else {
                    continue
                }
                value = big
            }
            if tree.isFreeList {
                free(key, value)
            } else if isTable {
                try walkTable(key, value)
            }
        }
        tree.lastKey = keys.last
    }

    /// Checks the overflow pages of a value and returns the value if it is one that is read here.
    private mutating func bigValue(
        _ first: UInt64, _ node: PageNode, _ tree: inout Tree
    ) throws -> [UInt8]? {
        let size = meta.pageByteCount
        let count = UInt64((PageBytes.headerByteCount - 1 + node.valueByteCount) / size + 1)
        tree.overflowPages += count
        for number in first..<(first &+ count < first ? first : first + count) {
            guard take(number, .tree, tree.table) else { return nil }
        }
        guard let page = try page(first), page.number == first,
            page.flags == PageBytes.Flag.overflow, UInt64(page.overflowCount) == count
        else {
            report(tree.table, "page \(first) is damaged")
            return nil
        }
        guard tree.isFreeList else { return [] }
        return try file.read(
            node.valueByteCount, at: Int(first) * size + PageBytes.headerByteCount)
    }

    private mutating func walkTable(_ key: [UInt8], _ value: [UInt8]) throws {
        guard let name = String(validating: key, as: UTF8.self),
            value.count == TableRecord.byteCount
        else { return report(nil, "the name of a table is damaged") }
        try walk(TableRecord(in: value, at: 0), of: name, isFreeList: false)
    }

    /// Takes the pages that transaction `key` freed: their count, then their numbers, the largest first.
    private mutating func free(_ key: [UInt8], _ value: [UInt8]) {
        guard key.count == 8, key.number(UInt64.self, at: 0) <= meta.transaction, value.count >= 8,
            value.count.isMultiple(of: 8)
        else { return report(nil, "a list of free pages is damaged") }
        let count = value.number(UInt64.self, at: 0)
        guard count < UInt64(value.count / 8) else {
            return report(nil, "a list of free pages is cut short")
        }
        var last = UInt64.max
        for i in 0..<Int(count) {
            let number = value.number(UInt64.self, at: 8 + 8 * i)
            if number >= last { report(nil, "a list of free pages is out of order") }
            last = number
            _ = take(number, .free, nil)
        }
    }
}
