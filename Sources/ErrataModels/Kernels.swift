package import CErrataKernels
import Glibc

/// The C kernels at one level; see `CErrataKernels.h`.
///
/// All levels give the same bits.
// The pointer is to a constant table in the program, never freed or written, of pure functions.
package struct Kernels: @unchecked Sendable {
    private let table: UnsafePointer<errata_kernels>

    /// The level in use: the best of the CPU, or what ERRATA_KERNELS says.
    package static let current = Kernels(table: errata_kernels())

    /// Returns the level with this name, or nil if the CPU lacks it.
    package static func named(_ name: String) -> Kernels? {
        errata_kernels_named(name).map(Kernels.init(table:))
    }

    /// Throws if ERRATA_KERNELS asks for a level that is not the one in use.
    package static func checkEnvironment() throws(ModelError) {
        guard let variable = getenv("ERRATA_KERNELS"), variable.pointee != 0 else { return }
        let wanted = String(cString: variable)
        guard wanted != current.name else { return }
        throw ModelError(
            .unsupported, "ERRATA_KERNELS is '\(wanted)', the level in use is '\(current.name)'",
            hint: "Set it to baseline, avx2, avx512 or amx, whichever this CPU has, or not at all.")
    }

    package var name: String { String(cString: table.pointee.name) }

    /// The functions themselves.
    package var functions: errata_kernels { table.pointee }
}
