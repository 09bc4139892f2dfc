package import ErrataCore
import Glibc

extension Actor {
    /// This process itself, as it is when no socket stands behind a request.
    package static var thisProcess: Actor {
        let uid = getuid()
        return Actor(
            uid: uid, gid: getgid(), groups: ownGroups(), pid: getpid(),
            userName: systemName(of: uid), socket: nil)
    }

    /// Returns the name that the system has for a user; nil if it knows none or it is not UTF-8.
    package static func systemName(of uid: UInt32) -> String? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 1 << 14)
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil,
            let name = entry.pw_name
        else { return nil }
        return String(validatingCString: name)
    }

    private static func ownGroups() -> [UInt32] {
        var groups = [gid_t](repeating: 0, count: groupCountMax)
        let count = getgroups(CInt(groups.count), &groups)
        return Array(groups.prefix(max(0, Int(count))))
    }
}
