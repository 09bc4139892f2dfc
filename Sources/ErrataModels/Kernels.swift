package import CErrataKernels

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

    package var name: String { String(cString: table.pointee.name) }

    /// The functions themselves.
    package var functions: errata_kernels { table.pointee }
}
