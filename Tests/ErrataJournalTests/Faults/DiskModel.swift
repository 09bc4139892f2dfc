import ErrataTesting

/// What a disk holds while a program writes to it, and what a power cut may leave of that.
///
/// The strictest reading of POSIX: a sync of a file makes its bytes durable but not its name, which only a sync of its
/// directory does; names in a directory change in order; every sector of 512 bytes that was not synced survives or not
/// by itself.
struct DiskModel: Sendable {
    /// A name and what it stands for from then on; nil for nothing.
    private typealias Entry = (name: String, inode: UInt64?)

    private struct Directory: Sendable {
        var shown: [String: UInt64] = [:]
        var durable: [String: UInt64] = [:]
        /// Names set or removed, each step as a whole, since the last sync.
        var steps: [[Entry]] = []

        mutating func add(_ step: [Entry]) {
            for (name, inode) in step { shown[name] = inode }
            steps.append(step)
        }

        mutating func sync() { (durable, steps) = (shown, []) }

        func names(after stepCount: Int) -> [String: UInt64] {
            var names = durable
            for step in steps.prefix(stepCount) {
                for (name, inode) in step { names[name] = inode }
            }
            return names
        }
    }

    private var files: [UInt64: DiskFile] = [:]
    private var directories: [UInt64: Directory]
    private let root: UInt64

    /// An empty directory with the inode number `root`.
    init(root: UInt64) {
        self.root = root
        directories = [root: Directory()]
    }

    mutating func apply(_ event: DiskEvent) {
        switch event.call {
        case .open(let path, let inode, let isDirectory, let truncates):
            if !isDirectory { link(path, to: inode) }
            if truncates { files[inode, default: DiskFile()].add(.truncate(byteCount: 0), .open) }
        case .write(let inode, let offset, let bytes, let isDurable):
            let fate: DiskFile.Fate =
                event.error != 0 ? .doomed : isDurable ? .certain : .open
            files[inode, default: DiskFile()].add(.write(offset: offset, bytes: bytes), fate)
        case .truncate(let inode, let byteCount):
            files[inode, default: DiskFile()].add(.truncate(byteCount: byteCount), .open)
        case .sync(let inode): sync(inode, isDone: event.error == 0)
        case .rename(let from, let to): rename(from, to)
        case .remove(let path):
            let (directory, name) = place(of: path)
            directories[directory, default: Directory()].add([(name, nil)])
        case .makeDirectory(let path, let inode):
            directories[inode] = Directory()
            let (directory, name) = place(of: path)
            directories[directory, default: Directory()].add([(name, inode)])
        }
    }

    private mutating func link(_ path: String, to inode: UInt64) {
        let (directory, name) = place(of: path)
        guard directories[directory]?.shown[name] != inode else { return }
        files[inode] = files[inode] ?? DiskFile()
        directories[directory, default: Directory()].add([(name, inode)])
    }

    private mutating func rename(_ from: String, _ to: String) {
        let (directory, name) = place(of: from)
        let (target, newName) = place(of: to)
        precondition(directory == target, "the model knows no rename into another directory")
        let inode = directories[directory]?.shown[name]
        directories[directory, default: Directory()].add([(name, nil), (newName, inode)])
    }

    private mutating func sync(_ inode: UInt64, isDone: Bool) {
        if isDone {
            files[inode]?.sync()
            directories[inode]?.sync()
        } else {
            files[inode]?.failSync()
        }
    }

    private func place(of path: String) -> (directory: UInt64, name: String) {
        var directory = root
        let parts = path.split(separator: "/").map(String.init)
        for part in parts.dropLast() {
            guard let next = directories[directory]?.shown[part] else {
                preconditionFailure("\(path) lies in a directory that nobody made")
            }
            directory = next
        }
        return (directory, parts.last ?? "")
    }

    // MARK: Power cuts

    /// What survives of all that no sync has settled.
    enum Survival: Sendable {
        case everything
        case nothing
        /// Each sector with this many chances in 8.
        case sectors(Int, seed: UInt64)
    }

    func image(_ survival: Survival) -> DiskImage {
        var image = DiskImage()
        var random = SplitMix64(seed: 0)
        if case .sectors(_, let seed) = survival { random = SplitMix64(seed: seed) }
        add(root, at: "", survival, &random, to: &image)
        return image
    }

    private func add(
        _ inode: UInt64, at path: String, _ survival: Survival, _ random: inout SplitMix64,
        to image: inout DiskImage
    ) {
        guard let directory = directories[inode] else {
            let file = files[inode] ?? DiskFile()
            let bytes =
                switch survival {
                case .everything: file.shown
                case .nothing: file.durable
                case .sectors(let chance, _): file.survivors(chance, using: &random)
                }
            image.add(file: path, bytes)
            return
        }
        image.add(directory: path)
        let stepCount =
            switch survival {
            case .everything: directory.steps.count
            case .nothing: 0
            case .sectors: Int(random.next() % UInt64(directory.steps.count + 1))
            }
        for (name, child) in directory.names(after: stepCount).sorted(by: { $0.key < $1.key })
        where path != "" || name != "marks" {
            add(child, at: path == "" ? name : path + "/" + name, survival, &random, to: &image)
        }
    }
}

/// The files that a power cut left.
struct DiskImage: Sendable {
    private var directories: [String] = []
    private var files: [(path: String, bytes: [UInt8])] = []
    private var hasher = Hasher()

    /// Equal for equal images of this run.
    var fingerprint: Int { hasher.finalize() }

    mutating func add(directory: String) {
        directories.append(directory)
        hasher.combine(directory)
    }

    mutating func add(file: String, _ bytes: [UInt8]) {
        files.append((file, bytes))
        hasher.combine(file)
        hasher.combine(bytes.count)
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// Makes the files below `directory`, which must not exist.
    func write(to directory: String) throws {
        for path in directories { try Posix.makeDirectory("\(directory)/\(path)") }
        for file in files { try Posix.write(file.bytes, to: "\(directory)/\(file.path)") }
    }
}
