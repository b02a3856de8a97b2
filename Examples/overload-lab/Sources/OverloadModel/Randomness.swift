// SPDX-License-Identifier: Apache-2.0

/// Random numbers from a seed (SplitMix64), so that a run can be repeated.
struct Randomness: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// An exponential number with that mean, at least 1, by von Neumann's method: no logarithm needed.
    mutating func exponential(mean: Double) -> Int64 {
        var whole = 0.0
        while true {
            let first = Double.random(in: 0..<1, using: &self)
            var last = first
            var count = 1
            while true {
                let next = Double.random(in: 0..<1, using: &self)
                if next >= last { break }
                last = next
                count += 1
            }
            if count % 2 == 1 { return max(1, Int64((whole + first) * mean)) }
            whole += 1
        }
    }
}
