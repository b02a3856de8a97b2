import Testing
@testable import WeirEngine
import WeirHTTP2
import WeirTesting

@Suite("TmpFair") struct TmpFair {
    @Test(arguments: [16_384, 17_500, 30_000, 36_000],
        [[1]] as [Set<Int32>])
    func t(m: Int, stopped: Set<Int32>) throws {
        let c = try LongRoundTrip(messageBytes: m, stopped: stopped)
        for k in 0..<4 {
        let b = c.measure(rounds: 1000)
        let f = b.map { $0 / 1000 }
        print("TMP", m, k, "ratio", (Double(b.min()!) / Double(b.max()!)*100).rounded()/100, "rate", f.reduce(0, +), f)
        }
    }
}
