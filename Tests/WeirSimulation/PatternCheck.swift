// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import WeirProtobuf
package import WeirTesting

/// Checks every byte that a client receives, and that nothing is missing, doubled or out of order.
package final class PatternCheck {
    /// Messages that were right.
    package private(set) var messages = 0
    /// Payload bytes that were right.
    package private(set) var bytes = 0
    /// What was wrong, the first time.
    package private(set) var problem: String?

    private let pattern: Pattern
    private var next: [Int32: UInt64] = [:]

    /// Checks what comes to this client, all of whose calls ask for this pattern.
    package init(_ client: SimulatedClient, pattern: Pattern) {
        self.pattern = pattern
        client.onMessage = { [weak self] stream, message in self?.check(message, stream) }
    }

    private func check(_ message: ByteBuffer, _ stream: Int32) {
        let sequence = next[stream] ?? 0
        // Streams are numbered upwards: what is far below is over.
        if next[stream] == nil, next.count > 64 { next = next.filter { $0.key + 128 > stream } }
        next[stream] = sequence + 1
        guard let chunk = try? Weir_Simulation_V1_PatternChunk(serialized: message) else {
            return note("stream \(stream): message \(sequence) is not a chunk")
        }
        guard chunk.sequence == sequence else {
            return note("stream \(stream): chunk \(chunk.sequence) came where \(sequence) was due")
        }
        guard chunk.payload == pattern.payload(sequence) else {
            return note("stream \(stream): chunk \(sequence) has wrong bytes")
        }
        messages += 1
        bytes += chunk.payload.readableBytes
    }

    private func note(_ text: String) {
        if problem == nil { problem = text }
    }
}
