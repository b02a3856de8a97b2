// SPDX-License-Identifier: Apache-2.0

import NIOCore
import WeirEngine
import WeirRPC
import WeirTesting

/// A handler's receiving side: asks for messages as a real one does, and keeps what it is told.
final class Receiver {
    let call: ServerCall
    private(set) var messages: [[UInt8]] = []
    private(set) var ends = 0
    private(set) var failure: RPCError?
    private(set) var waiter: RequestWaiter?
    /// How often each waiter was resumed.
    private(set) var resumes: [Int] = []

    init(_ call: ServerCall) {
        self.call = call
    }

    var isWaiting: Bool { waiter != nil }
    var isDone: Bool { ends > 0 || failure != nil }
    var sizes: [Int] { messages.map(\.count) }

    /// Asks for one message and waits if it has to.
    func ask() {
        let index = resumes.count
        resumes.append(0)
        let waiter = RequestWaiter { [self] outcome in
            resumes[index] += 1
            self.waiter = nil
            note(outcome)
        }
        self.waiter = waiter
        call.requestNext(waiter)
    }

    /// Takes a message if one is there, without waiting; returns whether there was an answer.
    @discardableResult
    func takeNow() -> Bool {
        guard let outcome = call.requestNow() else { return false }
        note(outcome)
        return true
    }

    /// The asking task is cancelled.
    func cancel() {
        guard let waiter else { return }
        call.stopAsking(waiter, RPCError(.cancelled, "the receiver gave up"))
    }

    private func note(_ outcome: RequestOutcome) {
        switch outcome {
        case .message(let bytes), .compressed(let bytes): messages.append(Array(bytes.readableBytesView))
        case .ended: ends += 1
        case .failed(let error): failure = error
        }
    }
}

extension ServerRig {
    /// Opens a call whose request is a stream, without any message.
    func openTalk(_ stream: Int32 = 1, path: String = "/test.Echo/Talk") -> ServerCall? {
        feed(Self.request(path, stream: stream, message: nil, ends: false))
        return calls[stream]
    }

    /// A message with its prefix.
    static func framed(_ count: Int, _ byte: UInt8 = 7) -> [UInt8] {
        [0] + RawFrame.bigEndian(UInt32(count)) + [UInt8](repeating: byte, count: count)
    }

    /// The receiver asks, and what follows is carried out.
    func ask(_ receiver: Receiver) {
        receiver.ask()
        pump()
    }

    /// What the peer may still send, in the peer's own books: those windows were the first ones.
    func peerWindow(_ stream: Int32 = 0, sent: Int, first: Int = 65_535) -> Int {
        first + (peer.credit[stream] ?? 0) - sent
    }
}
