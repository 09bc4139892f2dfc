import ErrataCore
import Foundation

/// The fifth of all subjects whose pairs are never trained on.
package enum HeldBack {
    private static let firstByteEnd: UInt8 = 51

    /// Whether SHA-256 of the NFC subject begins with a byte under 51: 51 of 256, one in five.
    package static func contains(_ subject: String) -> Bool {
        let bytes = Array(subject.precomposedStringWithCanonicalMapping.utf8)
        return (Digest.sha256(bytes).bytes.first ?? 0) < firstByteEnd
    }
}
