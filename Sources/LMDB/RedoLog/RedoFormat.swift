import Crypto

// REDO LOG, version 1: three files beside data.mdb, there only while the environment is open for writing, or after
// it was not closed. Numbers are little-endian.
//
//   redo             two headers, at 0 and at 4096; generation g is at (g mod 2) · 4096
//   redo.0, redo.1   records, each from a multiple of 512 on; those of generation g are in redo.(g mod 2)
//
//   header   0 "ERRATALG" (8)   8 version 1 (4)   12 page size (4)   16 generation (8)   24 first record (8)
//            32 meta page 0 (152)   184 meta page 1 (152)   336 SHA-256 of the 336 before (32)
//   record   0 "ERRATARC" (8)   8 generation (8)   16 generation of the newest header on disk (8)
//            24 number (8)   32 batch size (8)   40 SHA-256 of the 40 before ‖ batch (32)   72 batch
//
// Records are numbered without a gap. A header is less than a sector, so a power cut leaves the old or the new one.

/// A state of the data file that is on disk, and the first record that is not in it.
struct RedoHeader: Equatable {
    static let byteCount = 368
    static let slotByteCount = 4096
    static let version: UInt32 = 1
    private static let magic = Array("ERRATALG".utf8)

    let generation: UInt64
    let firstRecord: UInt64
    let pageByteCount: Int
    let metas: [[UInt8]]

    /// Where it stands in its file.
    var offset: Int { Int(generation % 2) * RedoHeader.slotByteCount }

    init(generation: UInt64, firstRecord: UInt64, _ data: DataFile) throws(LMDBError) {
        guard let (first, second) = try data.metaBytes() else {
            throw LMDBError(kind: .corrupt, operation: "read the meta pages of \(data.file.path)")
        }
        self.generation = generation
        self.firstRecord = firstRecord
        pageByteCount = MetaPage(first).pageByteCount
        metas = [first, second]
    }

    var encoded: [UInt8] {
        var bytes = RedoHeader.magic
        bytes.append(littleEndian: RedoHeader.version)
        bytes.append(littleEndian: UInt32(pageByteCount))
        bytes.append(littleEndian: generation)
        bytes.append(littleEndian: firstRecord)
        bytes += metas[0] + metas[1]
        return bytes + SHA256.hash(data: bytes)
    }

    /// Returns nil unless `bytes` are a whole header.
    init?(decoding bytes: [UInt8]) {
        guard bytes.count == RedoHeader.byteCount, bytes.starts(with: RedoHeader.magic),
            bytes.number(UInt32.self, at: 8) == RedoHeader.version,
            bytes[336...].elementsEqual(SHA256.hash(data: bytes[..<336]))
        else { return nil }
        pageByteCount = Int(bytes.number(UInt32.self, at: 12))
        guard MetaPage.pageByteCounts.contains(pageByteCount) else { return nil }
        generation = bytes.number(UInt64.self, at: 16)
        firstRecord = bytes.number(UInt64.self, at: 24)
        metas = [Array(bytes[32..<184]), Array(bytes[184..<336])]
    }
}

/// One transaction in the log.
struct RedoRecord: Equatable {
    static let sectorByteCount = 512
    private static let prefixByteCount = 40
    private static let headerByteCount = 72
    private static let magic = Array("ERRATARC".utf8)

    let generation: UInt64
    /// The newest header on disk when it was written.
    let durableGeneration: UInt64
    let number: UInt64
    let batch: [UInt8]

    /// Bytes that it takes in its file: whole sectors, so that no later write touches it.
    var encodedByteCount: Int {
        let count = RedoRecord.headerByteCount + batch.count + RedoRecord.sectorByteCount - 1
        return count / RedoRecord.sectorByteCount * RedoRecord.sectorByteCount
    }

    var encoded: [UInt8] {
        var bytes = RedoRecord.magic
        bytes.reserveCapacity(encodedByteCount)
        for field in [generation, durableGeneration, number, UInt64(batch.count)] {
            bytes.append(littleEndian: field)
        }
        bytes += RedoRecord.sum(bytes, batch)
        bytes += batch
        bytes += repeatElement(0, count: encodedByteCount - bytes.count)
        return bytes
    }

    init(generation: UInt64, durableGeneration: UInt64, number: UInt64, batch: [UInt8]) {
        self.generation = generation
        self.durableGeneration = durableGeneration
        self.number = number
        self.batch = batch
    }

    /// Returns nil unless a whole record stands at `offset` of `file`.
    init?(in file: RawFile, at offset: Int) throws(LMDBError) {
        guard let header = try file.read(RedoRecord.headerByteCount, at: offset),
            header.starts(with: RedoRecord.magic),
            let count = Int(exactly: header.number(UInt64.self, at: 32)),
            try count <= file.byteCount(),
            let batch = try file.read(count, at: offset + RedoRecord.headerByteCount)
        else { return nil }
        let prefix = Array(header[..<RedoRecord.prefixByteCount])
        guard header[RedoRecord.prefixByteCount...].elementsEqual(RedoRecord.sum(prefix, batch))
        else { return nil }
        self.init(
            generation: header.number(UInt64.self, at: 8),
            durableGeneration: header.number(UInt64.self, at: 16),
            number: header.number(UInt64.self, at: 24), batch: batch)
    }

    private static func sum(_ prefix: [UInt8], _ batch: [UInt8]) -> SHA256.Digest {
        var hasher = SHA256()
        hasher.update(data: prefix)
        hasher.update(data: batch)
        return hasher.finalize()
    }
}

/// The names of a log's files.
enum RedoFiles {
    static func header(in directory: String) -> String { directory + "/redo" }

    /// What the header's file is called until it is whole.
    static func headerDraft(in directory: String) -> String { directory + "/redo.new" }

    static func records(of generation: UInt64, in directory: String) -> String {
        directory + "/redo.\(generation % 2)"
    }
}
