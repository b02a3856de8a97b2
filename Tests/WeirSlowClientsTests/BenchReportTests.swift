// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirSlowClients

@Suite("Reports of a bench")
struct BenchReportTests {
    @Test("an empty summary counts nothing")
    func empty() {
        #expect(BenchReport.Summary() == BenchReport.Summary(pass: 0, weak: 0, fail: 0, inconclusive: 0))
    }
}
