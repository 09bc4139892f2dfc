import ErrataModels

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
    package mutating func update(
        _ values: inout [Float], _ gradients: UnsafePointer<Float>,
        _ entries: [ParameterTable.Entry], rate: (ParameterTable.Group) -> Double
    ) {
        step += 1
        let (beta1, beta2) = (Float(settings.beta1), Float(settings.beta2))
        let correction1 = 1 - power(settings.beta1, step)
        let root2 = Float((1 - power(settings.beta2, step)).squareRoot())
        let epsilon = Float(settings.epsilon)
        first.withUnsafeMutableBufferPointer { m in
            second.withUnsafeMutableBufferPointer { v in
                values.withUnsafeMutableBufferPointer { x in
                    for entry in entries {
                        let rate = rate(entry.group)
                        let keep = Float(1 - rate * (entry.decays ? settings.decay : 0))
                        let size = Float(rate / correction1)
                        for i in entry.range {
                            let g = gradients[i]
                            m[i] += (1 - beta1) * (g - m[i])
                            v[i] = beta2 * v[i] + (1 - beta2) * g * g
                            x[i] = keep * x[i] - size * m[i] / (v[i].squareRoot() / root2 + epsilon)
                        }
                    }
                }
            }
        }
    }

    private func power(_ base: Double, _ exponent: Int) -> Double {
        var result = 1.0
        for _ in 0..<exponent { result *= base }
        return result
    }
}

/// The learning rate over time: a linear rise from 0, then a linear fall to 0.
package struct LearningSchedule: Equatable, Sendable {
    package let stepCount: Int
    package let warmUpCount: Int

    package init(stepCount: Int, warmUp share: Double) {
        self.stepCount = stepCount
        warmUpCount = Int(Double(stepCount) * share)
    }

    /// Returns the share of the full rate at a step, counted from 0.
    package func factor(at step: Int) -> Double {
        if step < warmUpCount { return Double(step + 1) / Double(warmUpCount) }
        return Double(max(0, stepCount - step)) / Double(max(1, stepCount - warmUpCount))
    }
}
