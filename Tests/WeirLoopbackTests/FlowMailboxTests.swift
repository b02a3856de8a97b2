// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@testable import WeirServer

@Suite("Watching a stream's flow")
struct FlowMailboxTests {
    private let blocked = StreamFlow(
        streamWindowBytes: 0, connectionWindowBytes: 1, queuedBytes: 2, waitingBytes: 3, blockedCause: .streamWindow,
        blockedFor: .zero, messagesSent: 0)

    @Test("a second task that waits, and is cancelled, leaves the first one's wait alone")
    func surplusWaiter() async {
        let mailbox = FlowMailbox()
        let first = Task.immediate { await mailbox.next() }
        let second = Task.immediate {
            withUnsafeCurrentTask { unsafe $0?.cancel() }
            return await mailbox.next()
        }
        #expect(await second.value == nil)
        mailbox.put(blocked)
        #expect(await first.value == blocked)
    }

    @Test("a cancelled wait ends, and the next one gets the change")
    func cancelled() async {
        let mailbox = FlowMailbox()
        let first = Task.immediate { await mailbox.next() }
        first.cancel()
        #expect(await first.value == nil)
        mailbox.put(blocked)
        let second = Task.immediate { await mailbox.next() }
        #expect(await second.value == blocked)
        mailbox.put(nil)
        #expect(await mailbox.next() == nil)
    }
}
