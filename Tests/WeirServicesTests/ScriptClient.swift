// SPDX-License-Identifier: Apache-2.0

import NIOCore
import WeirProtobuf
import WeirRPC
import WeirTesting

/// A client that sends certain frames at certain times, and else does what every client does.
struct ScriptClient: ClientProfile {
    static let name = "script"

    /// What happens, and how long after the connection began.
    enum Step: Sendable {
        case send(after: Duration, [RawFrame])
        case close(after: Duration)

        var delay: Duration {
            switch self {
            case .send(let delay, _), .close(let delay): delay
            }
        }
    }

    let steps: [Step]
    private var session = ClientSession(ClientCall(path: ""), calls: 0)

    init(_ steps: [Step]) {
        self.steps = steps
    }

    /// Sends frames at once.
    init(_ frames: [RawFrame]) {
        self.init([.send(after: .zero, frames)])
    }

    mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        switch fact {
        case .connected:
            session.open(&client)
            for (number, step) in steps.enumerated() { client.setTimer(after: step.delay, number: number) }
        case .timer(let number):
            switch steps[number] {
            case .send(_, let frames): for frame in frames { client.send(frame) }
            case .close: client.close()
            }
        default:
            _ = session.keepHouse(fact, &client)
        }
    }
}

extension ScriptClient {
    /// A client that makes one call with one message, in a stream window of that size, and opens the window or leaves later.
    init(
        _ method: MethodDescriptor, _ request: some ProtobufMessage, windowBytes: Int = 65_535, ends: Bool = true,
        then steps: [Step] = []
    ) throws {
        let message = Array(try request.serialized().readableBytesView)
        let call: [RawFrame] = [
            .initialWindow(windowBytes), .call(method.path), .message(message, stream: 1, ends: ends),
        ]
        self.init([.send(after: .zero, call)] + steps)
    }
}

extension RawFrame {
    /// The header fields of a call.
    static func call(_ path: String, stream: Int32 = 1, _ fields: [(String, String)] = []) -> RawFrame {
        let head: [(String, String)] = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ]
        return headers(head + fields, stream: stream)
    }

    /// The end of the client's side.
    static func halfClose(stream: Int32 = 1) -> RawFrame { data([], stream: stream, ends: true) }
}
