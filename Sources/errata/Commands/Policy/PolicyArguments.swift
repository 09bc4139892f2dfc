import ArgumentParser
import ErrataCore
import Glibc

/// Whom a rule is about, as users write it: `uid:1001`, `gid:50`, `user:alice`, `group:news`, `anyone`.
struct SubjectArgument: ExpressibleByArgument {
    let subject: Policy.Subject

    init?(argument: String) {
        let parts = argument.split(separator: ":", maxSplits: 1).map(String.init)
        switch (parts.first, parts.count > 1 ? parts[1] : nil) {
        case ("anyone", nil): subject = .anyone
        case ("uid", let text?):
            guard let uid = UInt32(text) else { return nil }
            subject = .uid(uid)
        case ("gid", let text?):
            guard let gid = UInt32(text) else { return nil }
            subject = .gid(gid)
        case ("user", let name?):
            guard let entry = getpwnam(name) else { return nil }
            subject = .uid(entry.pointee.pw_uid)
        case ("group", let name?):
            guard let entry = getgrnam(name) else { return nil }
            subject = .gid(entry.pointee.gr_gid)
        default: return nil
        }
    }
}

/// One of the policy's roles.
struct RoleArgument: ExpressibleByArgument {
    let role: Policy.Role

    init?(argument: String) {
        guard let role = Policy.Role(rawValue: argument) else { return nil }
        self.role = role
    }

    static var allValueStrings: [String] { Policy.Role.allCases.map(\.rawValue) }
}

/// `on` or `off`.
enum SwitchArgument: String, CaseIterable, ExpressibleByArgument {
    case on
    case off
}
