import Foundation

/// One call that changed a file, as the layer of `CErrataFaultLayer` recorded it.
struct DiskEvent: Sendable {
    enum Call: Sendable {
        case open(path: String, inode: UInt64, isDirectory: Bool, truncates: Bool)
        /// With `isDurable` the bytes are on disk when the call returns.
        case write(inode: UInt64, offset: Int, bytes: [UInt8], isDurable: Bool)
        case truncate(inode: UInt64, byteCount: Int)
        case sync(inode: UInt64)
        case rename(from: String, to: String)
        /// Of a file or an empty directory.
        case remove(path: String)
        case makeDirectory(path: String, inode: UInt64)
    }

    let call: Call
    /// What the caller was told: 0, or why the call failed.
    let error: Int32
}

enum DiskTraceError: Error {
    case isDamaged(offset: Int)
}

extension DiskEvent {
    private static let headByteCount = 32

    /// Reads a trace; see CErrataFaultLayer.h for the layout.
    static func list(at path: String) throws -> [DiskEvent] {
        let trace = try Data(contentsOf: URL(filePath: path))
        var events: [DiskEvent] = []
        var offset = 0
        while offset < trace.count {
            guard let event = DiskEvent(trace, &offset) else {
                throw DiskTraceError.isDamaged(offset: offset)
            }
            events.append(event)
        }
        return events
    }

    private init?(_ trace: Data, _ offset: inout Int) {
        guard trace.count - offset >= DiskEvent.headByteCount else { return nil }
        let (start, head) = (offset, offset + DiskEvent.headByteCount)
        func field<Number: FixedWidthInteger>(_ place: Int, _: Number.Type) -> Number {
            trace.withUnsafeBytes {
                $0.loadUnaligned(fromByteOffset: start + place, as: Number.self)
            }
        }
        let (firstCount, secondCount) = (Int(field(24, UInt32.self)), Int(field(28, UInt32.self)))
        guard trace.count - head >= firstCount + secondCount else { return nil }
        let first = trace[head..<head + firstCount]
        let second = trace[(head + firstCount)..<(head + firstCount + secondCount)]
        let path = String(decoding: first, as: UTF8.self)
        let flags = field(1, UInt8.self)
        let inode = field(8, UInt64.self)
        let place = Int(field(16, UInt64.self))
        switch field(0, UInt8.self) {
        case 1:
            call = .open(
                path: path, inode: inode, isDirectory: flags & 1 != 0, truncates: flags & 2 != 0)
        case 2:
            call = .write(
                inode: inode, offset: place, bytes: Array(first), isDurable: flags & 4 != 0)
        case 3: call = .truncate(inode: inode, byteCount: place)
        case 4: call = .sync(inode: inode)
        case 5: call = .rename(from: path, to: String(decoding: second, as: UTF8.self))
        case 6, 8: call = .remove(path: path)
        case 7: call = .makeDirectory(path: path, inode: inode)
        default: return nil
        }
        error = field(4, Int32.self)
        offset = head + firstCount + secondCount
    }
}
