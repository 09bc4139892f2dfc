import ErrataTesting
import Foundation

/// Cuts the power at every call of a recording, in several ways, and checks what is left.
struct PowerCutSweep: Sendable {
    /// How many ways in which some sectors survive are tried at each call.
    let survivorCount: Int
    /// At how many places a write is torn, at most.
    let tearCount: Int
    /// Whether the files of bad images stay, for whoever looks into them.
    var keepsBadImages = true

    struct Report: Sendable {
        /// How many cuts were made: calls times ways.
        var cutCount = 0
        /// How many different images were opened for that.
        var imageCount = 0
        var violations: [String] = []

        mutating func add(_ other: Report) {
            cutCount += other.cutCount
            imageCount += other.imageCount
            violations += other.violations
        }
    }

    /// One image to check.
    private struct Cut: Sendable {
        let image: DiskImage
        let acknowledged: DiskRecording.Acknowledged
        let name: String
    }

    func run(
        _ recording: DiskRecording, in range: Range<Int>? = nil, _ check: StoreCheck
    ) async throws -> Report {
        let range = range ?? 0..<recording.events.count
        var report = Report()
        var seen: Set<Int> = []
        var disk = DiskModel(root: recording.root)
        var batch: [Cut] = []
        for (number, event) in recording.events.enumerated() {
            if range.contains(number) {
                let before = recording.acknowledged(after: number)
                for (image, name) in torn(event, on: disk) {
                    batch.append(Cut(image: image, acknowledged: before, name: "\(number) \(name)"))
                }
            }
            disk.apply(event)
            guard range.contains(number) else { continue }
            let after = recording.acknowledged(after: number + 1)
            for (image, name) in whole(disk, UInt64(number)) {
                batch.append(Cut(image: image, acknowledged: after, name: "\(number) \(name)"))
            }
            if batch.count >= 64 {
                report.add(try await open(&batch, &seen, check))
            }
        }
        report.add(try await open(&batch, &seen, check))
        return report
    }

    // MARK: Images

    private func whole(_ disk: DiskModel, _ number: UInt64) -> [(DiskImage, String)] {
        var images = [
            (disk.image(.everything), "everything"), (disk.image(.nothing), "synced only"),
        ]
        for i in 0..<survivorCount {
            let chance = [4, 7, 1, 6, 2][i % 5]
            let seed = number << 8 | UInt64(i)
            images.append((disk.image(.sectors(chance, seed: seed)), "sectors \(chance)/8, \(i)"))
        }
        return images
    }

    /// Returns the images of a write that stops at a sector's end, with and without what no sync has settled.
    private func torn(_ event: DiskEvent, on disk: DiskModel) -> [(DiskImage, String)] {
        guard case .write(let inode, let offset, let bytes, _) = event.call else { return [] }
        let ends = DiskFile.sectors(offset, bytes.count).dropLast().map(\.upperBound)
        let stride = max(1, ends.count / tearCount)
        return ends.enumerated().filter { $0.offset % stride == 0 }.flatMap { _, end in
            var disk = disk
            let part = Array(bytes.prefix(end - offset))
            disk.apply(
                DiskEvent(
                    call: .write(inode: inode, offset: offset, bytes: part, isDurable: true),
                    error: 0))
            return [
                (disk.image(.everything), "torn at \(end)"),
                (disk.image(.nothing), "torn at \(end), synced only"),
            ]
        }
    }

    // MARK: Checks

    private func open(
        _ batch: inout [Cut], _ seen: inout Set<Int>, _ check: StoreCheck
    ) async throws -> Report {
        var report = Report()
        report.cutCount = batch.count
        // What was acknowledged only grows, so an image that comes again must meet the later claim.
        var hasher = Hasher()
        let fresh = batch.filter { cut in
            hasher = Hasher()
            hasher.combine(cut.image.fingerprint)
            hasher.combine(cut.acknowledged.operation)
            hasher.combine(cut.acknowledged.event)
            return seen.insert(hasher.finalize()).inserted
        }
        batch = []
        report.imageCount = fresh.count
        report.violations = try await withThrowingTaskGroup(of: String?.self) { group in
            var violations: [String] = []
            for (i, cut) in fresh.enumerated() {
                if i >= ProcessInfo.processInfo.activeProcessorCount,
                    let done = try await group.next(),
                    let violation = done
                {
                    violations.append(violation)
                }
                group.addTask { try await violation(cut, check) }
            }
            for try await case let violation? in group { violations.append(violation) }
            return violations
        }
        return report
    }

    private func violation(_ cut: Cut, _ check: StoreCheck) async throws -> String? {
        let directory = TemporaryStore.parent + "/errata-cut-" + UUID().uuidString
        try cut.image.write(to: directory)
        guard
            let violation = await check.violation(
                in: directory + "/store", cut.acknowledged,
                verifiesTwice: cut.image.fingerprint % 4 == 0)
        else {
            try FileManager.default.removeItem(atPath: directory)
            return nil
        }
        if !keepsBadImages { try FileManager.default.removeItem(atPath: directory) }
        return "\(cut.name): \(violation) (\(directory))"
    }
}
