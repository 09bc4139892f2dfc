import Glibc

/// e^x in double precision.
func exponential(_ x: Double) -> Double { exp(x) }

/// x (1 + erf(x / sqrt 2)) / 2 in double precision.
func exactGelu(_ x: Double) -> Double { x * erfc(-x / 2.0.squareRoot()) / 2 }
