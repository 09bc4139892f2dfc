import Crypto

/// The public half of an Ed25519 key that signs notes, in text `<name>+<id in hex>+<base64 of 0x01 ‖ key>`.
///
/// It is the one thing that somebody who checks proofs must have from a place that the daemon cannot write to.
package struct VerifierKey: Hashable, Sendable, CustomStringConvertible {
    /// Ed25519 signatures, of those that C2SP signed-note numbers.
    private static let signatureType: UInt8 = 1
    static let idByteCount = 4
    private static let publicKeyByteCount = 32
    private static let signatureByteCount = 64
    package static let nameBytesMax = 256

    package let name: String
    package let id: [UInt8]
    private let publicKey: [UInt8]

    init?(name: String, publicKey: [UInt8]) {
        guard VerifierKey.isName(name), publicKey.count == VerifierKey.publicKeyByteCount else {
            return nil
        }
        self.name = name
        self.publicKey = publicKey
        let hashed = Array(name.utf8) + [0x0a, VerifierKey.signatureType] + publicKey
        id = Array(Digest.sha256(hashed).bytes.prefix(VerifierKey.idByteCount))
    }

    /// Reads the text form; nil if it is anything else, or if its id is not the one of its key.
    package init?(_ text: some StringProtocol) {
        // Base 64 has plus signs of its own.
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.decode(parts[2]),
            bytes.first == VerifierKey.signatureType
        else { return nil }
        self.init(name: String(parts[0]), publicKey: Array(bytes.dropFirst()))
        guard parts[1] == Hex.encode(id) else { return nil }
    }

    package var description: String {
        shortName + "+" + Base64.encode([VerifierKey.signatureType] + publicKey)
    }

    /// Name and id: enough to tell keys apart, not to check anything.
    package var shortName: String { "\(name)+\(Hex.encode(id))" }

    func isNamed(by signature: SignedNote.Signature) -> Bool {
        signature.keyID == id && signature.name.utf8.elementsEqual(name.utf8)
    }

    func verifies(_ signature: [UInt8], of text: String) -> Bool {
        guard signature.count == VerifierKey.signatureByteCount,
            let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)
        else { return false }
        return key.isValidSignature(signature, for: Array(text.utf8))
    }

    /// Returns whether `name` may stand in a signature: not empty, no spaces of any kind, no plus.
    static func isName(_ name: some StringProtocol) -> Bool {
        (1...nameBytesMax).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy {
                $0 != "+" && !$0.properties.isWhitespace && $0.value >= 0x20
            }
    }
}

/// An Ed25519 key that signs notes.
package struct NoteSigner: Sendable {
    package static let seedByteCount = 32

    package let key: VerifierKey
    private let privateKey: Curve25519.Signing.PrivateKey

    /// Takes up the private key of RFC 8032, 32 random bytes; nil if the name or the length is wrong.
    package init?(name: String, seed: [UInt8]) {
        guard let privateKey = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed),
            let key = VerifierKey(
                name: name, publicKey: Array(privateKey.publicKey.rawRepresentation))
        else { return nil }
        self.privateKey = privateKey
        self.key = key
    }

    /// Signs `text`, which ends in a newline and has no other control character.
    package func sign(_ text: String) throws -> SignedNote {
        precondition(text.hasSuffix("\n"))
        let bytes = Array(try privateKey.signature(for: Array(text.utf8)))
        let signature = SignedNote.Signature(name: key.name, keyID: key.id, bytes: bytes)
        return SignedNote(text: text, signatures: [signature])
    }
}
