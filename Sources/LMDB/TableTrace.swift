import Glibc
import Synchronization

/// Which table is being read, told to one who may die of it.
///
/// LMDB believes what it maps: a mangled page ends the process by a signal. A process that reads such files
/// for others starts the trace, and its signal handler can say where it was.
package enum TableTrace {
    private static let isOn = Atomic(false)
    /// The address of the C string that names the table; 0 for none.
    private static let current = Atomic<UInt>(0)

    /// Begins to note tables that are opened from here on.
    package static func start() {
        isOn.store(true, ordering: .relaxed)
        current.store(0, ordering: .relaxed)
    }

    /// The table last looked into, as a C string; safe in a signal handler.
    package static var currentName: UnsafePointer<CChar>? {
        UnsafePointer(bitPattern: current.load(ordering: .relaxed))
    }

    /// Returns the address that stands for a table; names live as long as the process.
    static func mark(for name: String) -> UInt {
        isOn.load(ordering: .relaxed) ? UInt(bitPattern: strdup(name)) : 0
    }

    /// Notes that the file of an environment is being looked into, and none of its tables yet.
    static func note(file directory: String) {
        guard isOn.load(ordering: .relaxed) else { return }
        let place = directory.split(separator: "/").last ?? ""
        current.store(mark(for: "\(place)/data.mdb"), ordering: .relaxed)
    }

    /// Notes that no table is being read.
    package static func clear() { current.store(0, ordering: .relaxed) }

    @inline(__always)
    static func note(_ table: Table) {
        if table.traceMark != 0 { current.store(table.traceMark, ordering: .relaxed) }
    }
}
