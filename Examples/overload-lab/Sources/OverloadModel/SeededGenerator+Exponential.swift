// SPDX-License-Identifier: Apache-2.0

internal import WeirTesting

extension SeededGenerator {
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
