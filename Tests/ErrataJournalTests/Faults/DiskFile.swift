import ErrataTesting
import Glibc

/// A file's bytes: those that the system shows, and those that a power cut leaves.
struct DiskFile: Sendable {
    static let sectorByteCount = 512

    enum Change: Sendable {
        case write(offset: Int, bytes: [UInt8])
        case truncate(byteCount: Int)
    }

    /// What a power cut does to a change.
    enum Fate: Sendable {
        /// May or may not be on disk; the next sync settles it.
        case open
        /// Is on disk.
        case certain
        /// May or may not be on disk, and no sync settles it: the kernel called it clean after a sync that failed.
        case doomed
    }

    /// What the system shows.
    private(set) var shown: [UInt8] = []
    /// What was on disk before `changes`.
    private var base: [UInt8] = []
    private var changes: [(change: Change, fate: Fate)] = []

    mutating func add(_ change: Change, _ fate: Fate) {
        shown.apply(change)
        changes.append((change, fate))
    }

    mutating func sync() {
        if changes.contains(where: { $0.fate == .doomed }) {
            for i in changes.indices where changes[i].fate == .open { changes[i].fate = .certain }
        } else {
            (base, changes) = (shown, [])
        }
    }

    /// A sync said that it failed: what it was asked to write is not written by a later one.
    mutating func failSync() {
        for i in changes.indices where changes[i].fate == .open { changes[i].fate = .doomed }
    }

    /// Returns what is on disk if all was lost that may be.
    var durable: [UInt8] {
        var bytes = base
        for (change, fate) in changes where fate == .certain { bytes.apply(change) }
        return bytes
    }

    /// Returns what is on disk if each sector that may be lost survives with `chance` in 8.
    func survivors(
        _ chance: Int, using random: inout some RandomNumberGenerator
    ) -> [UInt8] {
        var bytes = base
        for (change, fate) in changes {
            if fate == .certain {
                bytes.apply(change)
                continue
            }
            switch change {
            case .truncate: if Int(random.next() % 8) < chance { bytes.apply(change) }
            case .write(let offset, let written):
                for sector in Self.sectors(offset, written.count)
                where Int(random.next() % 8) < chance {
                    bytes.apply(
                        .write(
                            offset: sector.lowerBound,
                            bytes: Array(
                                written[(sector.lowerBound - offset)..<(sector.upperBound - offset)]
                            )))
                }
            }
        }
        return bytes
    }

    /// Returns the ranges of the file that the sectors under a write take of it.
    static func sectors(_ offset: Int, _ count: Int) -> [Range<Int>] {
        var sectors: [Range<Int>] = []
        var start = offset
        while start < offset + count {
            let end = min((start / sectorByteCount + 1) * sectorByteCount, offset + count)
            sectors.append(start..<end)
            start = end
        }
        return sectors
    }
}

extension [UInt8] {
    mutating func apply(_ change: DiskFile.Change) {
        switch change {
        case .truncate(let byteCount): resize(to: byteCount)
        case .write(let offset, let bytes):
            guard !bytes.isEmpty else { return }
            if count < offset + bytes.count { resize(to: offset + bytes.count) }
            // A copy of whole memory: element by element is slow without the optimiser.
            withUnsafeMutableBytes { target in
                bytes.withUnsafeBytes {
                    UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: $0)
                }
            }
        }
    }

    private mutating func resize(to byteCount: Int) {
        let kept = Swift.min(count, byteCount)
        self = [UInt8](unsafeUninitializedCapacity: byteCount) { target, initializedCount in
            withUnsafeBytes { old in
                UnsafeMutableRawBufferPointer(target)
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: old.prefix(kept)))
            }
            if let base = target.baseAddress { memset(base + kept, 0, byteCount - kept) }
            initializedCount = byteCount
        }
    }
}
