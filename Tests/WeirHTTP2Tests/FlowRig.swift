// SPDX-License-Identifier: Apache-2.0

import NIOCore

@testable import WeirHTTP2

/// A send flow controller with streams, driven as the session and the engine drive it, without nghttp2.
final class FlowRig {
    var flow: SendFlowController
    let process: ProcessSendBudget
    var streams: [HTTP2Stream] = []
    var now = MonotonicInstant(nanoseconds: 0)

    init(
        limits: SendFlowController.Limits = .init(), budgetBytes: Int = 1 << 30, processBytes: Int = 1 << 30
    ) {
        process = ProcessSendBudget(limitBytes: processBytes)
        flow = SendFlowController(
            limits: limits, budget: ConnectionSendBudget(limitBytes: budgetBytes, process: process))
    }

    /// Opens a stream with this window.
    func open(windowBytes: Int = 65_535) -> HTTP2Stream {
        let stream = HTTP2Stream(id: HTTP2StreamID(Int32(2 * streams.count + 1)), windowBytes: windowBytes, now: now)
        streams.append(stream)
        return stream
    }

    /// A sender's turn: admits and writes, or says no.
    func send(_ count: Int, on stream: HTTP2Stream) -> Bool {
        guard flow.admit(count, on: stream) else { return false }
        write(count, on: stream)
        return true
    }

    /// A sender waits; returns what became possible at once.
    func wait(_ count: Int, on stream: HTTP2Stream) -> [SendFlowController.Opening] {
        flow.startWaiting(count, on: stream)
        return reconsider(stream)
    }

    func reconsider(_ stream: HTTP2Stream) -> [SendFlowController.Opening] {
        var openings: [SendFlowController.Opening] = []
        flow.reconsider(stream, at: now, &openings)
        return openings
    }

    func serve() -> [SendFlowController.Opening] {
        var openings: [SendFlowController.Opening] = []
        flow.serveQueues(at: now, &openings)
        if flow.awaitsBudget { flow.serveBudgetQueue(at: now, &openings) }
        return openings
    }

    /// Carries out a grant: the sender writes.
    func redeem(_ stream: HTTP2Stream) {
        let count = stream.waitingBytes
        if flow.redeemGrant(on: stream) { write(count, on: stream) }
    }

    /// The library asks for one DATA frame, if its windows are open; returns the payload's size.
    func sendFrame(_ stream: HTTP2Stream, frameLimit: Int = 16_384) -> Int {
        let limit = min(frameLimit, stream.window.bytes, flow.window.bytes)
        guard limit > 0, !stream.queue.isEmpty else { return 0 }
        let count = flow.sendableBytes(on: stream, frameLimit: limit)
        guard count > 0 else {
            stream.isDeferred = true
            flow.awaitConnectionCredit(stream)
            return 0
        }
        stream.isDeferred = false
        var output = ByteBuffer()
        stream.queue.move(count, into: &output, spares: &flow.spares)
        flow.dataSent(count, on: stream)
        return count
    }

    /// Ends a stream.
    func end(_ stream: HTTP2Stream) {
        flow.streamEnded(stream)
    }

    private func write(_ count: Int, on stream: HTTP2Stream) {
        stream.queue.append(count: count, spares: &flow.spares) {
            _ = $0.initializeMemory(as: UInt8.self, repeating: 7)
        }
    }

    // Copies of numbers, since the controller itself cannot be copied into an expectation.
    var reservedBytes: Int { flow.reservedBytes }
    var budgetBytes: Int { flow.budget.heldBytes }
    var outputBytes: Int { flow.outputBytes }
    var windowBytes: Int { flow.window.bytes }
    var waitingForCredit: [Int32] { flow.creditQueue.map(\.id.rawValue) }
    var waitingForBudget: [Int32] { flow.budgetQueue.map(\.id.rawValue) }
    func verdict(_ count: Int, on stream: HTTP2Stream) -> SendFlowController.Verdict { flow.verdict(count, on: stream) }
    func blockedCause(of stream: HTTP2Stream) -> BlockedCause? { flow.blockedCause(of: stream) }
}

extension [SendFlowController.Opening] {
    /// The numbers of the streams that were granted room.
    var granted: [Int32] {
        compactMap { if case .granted(let stream) = $0 { stream.id.rawValue } else { nil } }
    }

    /// The numbers of the streams whose DATA may go on.
    var resumed: [Int32] {
        compactMap { if case .resumeData(let stream) = $0 { stream.id.rawValue } else { nil } }
    }
}
