// SPDX-License-Identifier: Apache-2.0

/// A generator whose numbers follow from its seed (SplitMix64), so that a failing run can be repeated.
///
/// Not for secrets: whoever sees one number can tell the next.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Makes a generator with this seed; every seed is as good as another.
    public init(seed: UInt64) {
        state = seed
    }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// That many bytes, each from 0 to 255.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// A generator of its own for the part with this number, which does not depend on what other parts draw.
    public func split(_ number: Int) -> SeededGenerator {
        SeededGenerator(seed: Self.mix(state &+ Self.mix(UInt64(truncatingIfNeeded: number) &+ 1)))
    }

    /// Scatters the bits of a number: near ones give far ones.
    static func mix(_ number: UInt64) -> UInt64 {
        var mixed = number
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
