import CErrataKernels
import ErrataModels
import Glibc

/// Decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2), with PyTorch's arithmetic.
///
///     m = β_1 m + (1 - β_1) g,  v = β_2 v + (1 - β_2) g²
///     x = x - η λ x
///     x = x - η / (1 - β_1^t) * m / (sqrt(v) / sqrt(1 - β_2^t) + ε)
package struct AdamW: Sendable {
    package struct Settings: Equatable, Sendable {
        package let beta1: Double
        package let beta2: Double
        package let epsilon: Double
        package let decay: Double

        package init(
            beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
            decay: Double = 0.01
        ) {
            self.beta1 = beta1
            self.beta2 = beta2
            self.epsilon = epsilon
            self.decay = decay
        }
    }

    package let settings: Settings
    /// Steps done.
    package internal(set) var step = 0
    package internal(set) var first: [Float]
    package internal(set) var second: [Float]

    package init(_ settings: Settings, count: Int) {
        self.settings = settings
        first = [Float](repeating: 0, count: count)
        second = first
    }

    /// Moves `values` one step; `rate` gives each tensor's learning rate.
    ///
    /// `work` shares the numbers among threads, which changes none of them.
    package mutating func update(
        _ values: inout [Float], _ gradients: UnsafePointer<Float>,
        _ entries: [ParameterTable.Entry], work: ParallelKernels? = nil,
        rate: (ParameterTable.Group) -> Double
    ) {
        step += 1
        let correction1 = 1 - power(settings.beta1, step)
        let kernels = work?.kernels ?? .current
        let root2 = Float((1 - power(settings.beta2, step)).squareRoot())
        first.withUnsafeMutableBufferPointer { m in
            second.withUnsafeMutableBufferPointer { v in
                values.withUnsafeMutableBufferPointer { x in
                    guard let m = m.baseAddress, let v = v.baseAddress, let x = x.baseAddress
                    else { return }
                    for entry in entries {
                        let rate = rate(entry.group)
                        let numbers = errata_adamw(
                            beta1: Float(settings.beta1), beta2: Float(settings.beta2),
                            epsilon: Float(settings.epsilon),
                            keep: Float(1 - rate * (entry.decays ? settings.decay : 0)),
                            size: Float(rate / correction1), root: root2)
                        func move(_ range: Range<Int>) {
                            let first = entry.range.lowerBound + range.lowerBound
                            withUnsafePointer(to: numbers) { numbers in
                                kernels.functions.adamw(
                                    x + first, m + first, v + first, gradients + first,
                                    range.count, numbers)
                            }
                        }
                        if let work {
                            work.eachRows(entry.range.count, atATime: 1 << 16, move)
                        } else {
                            move(0..<entry.range.count)
                        }
                    }
                }
            }
        }
    }

    /// Moves a vector that belongs to no table one step, without decay.
    package mutating func update(
        _ values: inout [Float], _ gradients: UnsafePointer<Float>, rate: Double
    ) {
        let whole = ParameterTable.Entry(
            name: "", shape: [values.count], range: 0..<values.count, group: .decoder,
            decays: false)
        update(&values, gradients, [whole]) { _ in rate }
    }

    /// Forgets all steps; only numbers in `range` were ever moved.
    package mutating func restart(_ range: Range<Int>) {
        step = 0
        for i in range {
            first[i] = 0
            second[i] = 0
        }
    }

    private func power(_ base: Double, _ exponent: Int) -> Double {
        var result = 1.0
        for _ in 0..<exponent { result *= base }
        return result
    }
}

/// The learning rate over time: a linear rise from 0, then a fall to 0.
package struct LearningSchedule: Equatable, Sendable {
    /// How the rate falls.
    package enum Fall: Sendable {
        case linear
        /// Half a cosine (Loshchilov and Hutter 2017, without restarts).
        case cosine
    }

    package let stepCount: Int
    package let warmUpCount: Int
    private let fall: Fall

    package init(stepCount: Int, warmUp share: Double, fall: Fall = .linear) {
        self.stepCount = stepCount
        warmUpCount = Int(Double(stepCount) * share)
        self.fall = fall
    }

    /// Returns the share of the full rate at a step, counted from 0.
    package func factor(at step: Int) -> Double {
        if step < warmUpCount { return Double(step + 1) / Double(warmUpCount) }
        let left = Double(max(0, stepCount - step)) / Double(max(1, stepCount - warmUpCount))
        return fall == .linear ? left : (1 + cos(.pi * (1 - left))) / 2
    }
}
