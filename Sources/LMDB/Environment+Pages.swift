import Glibc

extension Environment {
    /// How often a state is looked for that no commit replaces while the meta pages are read.
    private static let attemptCountMax = 50

    /// Checks every page of the data file as it is now; see ``PageChecker``.
    ///
    /// One transaction is open meanwhile, so that no page of the state is written over: a second for each
    /// gigabyte or so. `progress` is told how many pages are done, and of how many.
    package func checkPages(
        progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> [PageProblem] {
        TableTrace.note(file: directory)
        var problem = PageProblem(table: nil, message: "the meta pages are damaged")
        for _ in 0..<Environment.attemptCountMax {
            let problems = try read { reader -> [PageProblem]? in
                let file = try DataFile(in: directory)
                guard let (first, second) = try file.metas() else { return [problem] }
                let (live, other) = reader.id.isMultiple(of: 2) ? (first, second) : (second, first)
                if let found = try file.problem(of: live, beside: other, id: reader.id) {
                    problem = PageProblem(table: nil, message: found)
                    return nil
                }
                return try PageChecker(file, live, progress: progress).run()
            }
            if let problems { return problems }
        }
        return [problem]
    }

    /// Takes out of a meta page what a commit that failed may have left there, and syncs it.
    ///
    /// Where the write of a meta page fails, LMDB puts the old transaction number back, but not what belongs
    /// to it (`mdb_env_write_meta`). The page would then look as if a bit of its number had flipped; and the disk
    /// may still hold the number of the failed commit, whose pages the next one writes over.
    static func strikeOutFailedMeta(in directory: String) throws(LMDBError) {
        let file = try DataFile(in: directory, isWritable: true)
        guard let metas = try file.metas() else { return }
        let isFirst = metas.0.transaction < metas.1.transaction
        let (failed, good) = isFirst ? (metas.0, metas.1) : (metas.1, metas.0)
        guard metas.0.isMeta, metas.1.isMeta, failed.pageByteCount == good.pageByteCount,
            let last = try file.lastFreeing(of: failed), last > failed.transaction
        else { return }
        let size = good.pageByteCount
        let range = MetaPage.stateRange
        guard var state = try file.read(range.count, at: (isFirst ? size : 0) + range.lowerBound)
        else { return }
        // In one write with the number, or a power cut could leave the failed number with the good state.
        withUnsafeBytes(of: failed.transaction.littleEndian) { state.append(contentsOf: $0) }
        try file.file.write(state, at: (isFirst ? 0 : size) + range.lowerBound)
        try file.file.sync()
    }
}

extension DataFile {
    /// Says what is wrong with the meta pages for one who reads the state of transaction `id`, `live`.
    ///
    /// They have no checksum either. But transaction t writes page t mod 2, the other page is of the one before
    /// (or, if there was a commit just now, after), and the newest list of free pages is of that transaction.
    fileprivate func problem(
        of live: MetaPage, beside other: MetaPage, id: UInt64
    ) throws -> String? {
        for (page, number) in [(live, id & 1), (other, ~id & 1)] {
            guard page.isMeta, page.number == number, page.pageByteCount == live.pageByteCount
            else { return "meta page \(number) is damaged" }
        }
        let isNew = id == 0 && other.transaction == 0
        let isBefore = other.transaction &+ 1 == id
        guard live.transaction == id, isNew || isBefore || other.transaction == id &+ 1 else {
            return "the meta pages are of transactions \(live.transaction) and "
                + "\(other.transaction), which do not follow each other"
        }
        if let last = try lastFreeing(of: live), last != id {
            return "the meta page of transaction \(id) is of transaction \(last)"
        }
        let isStruckOut = other.free == live.free && other.tables == live.tables
        if isBefore, !isStruckOut, let last = try lastFreeing(of: other), last != other.transaction
        {
            return "the meta page of transaction \(other.transaction) is of transaction \(last)"
        }
        return nil
    }

    /// Returns the last transaction that has a list of free pages: the one that wrote `meta`.
    ///
    /// Every commit frees pages, but for the first ones of a file. Nil if there is no list, or it is damaged.
    func lastFreeing(of meta: MetaPage) throws(LMDBError) -> UInt64? {
        guard meta.free.root != TableRecord.noRoot else { return nil }
        var number = meta.free.root
        for level in 1...max(1, Int(meta.free.depth)) {
            let isLeaf = level == Int(meta.free.depth)
            guard number >= 2, number <= meta.lastPage,
                let bytes = try read(meta.pageByteCount, at: Int(number) * meta.pageByteCount),
                let node = PageBytes(bytes: bytes).nodes(isLeaf: isLeaf)?.last
            else { return nil }
            if isLeaf {
                let key = node.key(in: bytes)
                return key.count == 8 ? key.number(UInt64.self, at: 0) : nil
            }
            number = node.child
        }
        return nil
    }
}
