// SPDX-License-Identifier: Apache-2.0

import DequeModule
import WeirEngine
import WeirRPC
import WeirTesting

/// A handler's sending side: offers messages one after the other, suspends and goes on as a real one does.
final class Sender {
    let call: ServerCall
    /// Sizes of the messages still to be sent, without their prefixes.
    var sizes: Deque<Int>
    private(set) var written: [Int] = []
    private(set) var failure: RPCError?
    private(set) var waiter: SendWaiter?
    /// How often each waiter was resumed.
    private(set) var resumes: [Int] = []
    /// Whether a granted sender writes at once; if not, the test calls ``redeem()``.
    var redeemsAtOnce = true
    private(set) var holdsGrant = false

    init(_ call: ServerCall, _ sizes: [Int]) {
        self.call = call
        self.sizes = Deque(sizes)
    }

    var isWaiting: Bool { waiter != nil }

    /// Sends until it has to wait, fails or is through.
    func run() {
        while failure == nil, waiter == nil, !holdsGrant, let size = sizes.first {
            do throws(RPCError) {
                if try call.admit(size) {
                    try write(size)
                } else {
                    wait(size)
                }
            } catch {
                failure = error
            }
        }
    }

    private func wait(_ size: Int) {
        let index = resumes.count
        resumes.append(0)
        let waiter = SendWaiter(byteCount: size + 5) { [self] outcome in
            resumes[index] += 1
            self.waiter = nil
            switch outcome {
            case .granted:
                holdsGrant = true
                if redeemsAtOnce { redeem() }
            case .failed(let error):
                failure = error
            }
        }
        self.waiter = waiter
        call.wait(waiter)
    }

    /// Uses the room that was granted, and goes on.
    func redeem() {
        guard holdsGrant, let size = sizes.first else { return }
        holdsGrant = false
        do throws(RPCError) {
            try call.redeem()
            try write(size)
        } catch {
            failure = error
        }
        run()
    }

    /// The sender's task is cancelled while it waits.
    func cancel() {
        guard let waiter else { return }
        call.stopWaiting(waiter, RPCError(.cancelled, "the sender gave up"))
    }

    private func write(_ size: Int) throws(RPCError) {
        try call.write(size) { _ = $0.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: size)) }
        sizes.removeFirst()
        written.append(size)
    }
}
