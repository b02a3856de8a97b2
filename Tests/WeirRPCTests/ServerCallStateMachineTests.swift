// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC
import WeirTesting

@Suite("The state machine of a server's call")
struct ServerCallStateMachineTests {
    static let unaryRequests: [MethodKind] = [.unary, .serverStreaming]
    static let streamedRequests: [MethodKind] = [.clientStreaming, .bidirectionalStreaming]
    static let unaryResponses: [MethodKind] = [.unary, .clientStreaming]
    static let streamedResponses: [MethodKind] = [.serverStreaming, .bidirectionalStreaming]

    // MARK: - Requests

    @Test("delivers one message and the end of the request", arguments: MethodKind.allCases)
    func oneMessage(kind: MethodKind) {
        var machine = ServerCallStateMachine(kind: kind)
        #expect(machine.requestMessageReceived() == .deliver)
        #expect(machine.requestIsOpen)
        #expect(machine.requestEnded(atMessageBoundary: true) == .deliver)
        #expect(!machine.requestIsOpen)
        #expect(machine.isOpen)
        #expect(machine.end == nil)
    }

    @Test("fails a second message where one is expected", arguments: unaryRequests)
    func secondMessage(kind: MethodKind) {
        var machine = ServerCallStateMachine(kind: kind)
        #expect(machine.requestMessageReceived() == .deliver)
        #expect(machine.requestMessageReceived().failure == .unimplemented)
    }

    @Test("fails an end without a message where one is expected", arguments: unaryRequests)
    func endWithoutMessage(kind: MethodKind) {
        var machine = ServerCallStateMachine(kind: kind)
        let status = Status(code: .unimplemented, message: "the method takes one request message, and there was none")
        #expect(machine.requestEnded(atMessageBoundary: true) == .fail(status))
    }

    @Test("delivers none or many messages where they are a stream", arguments: streamedRequests, [0, 1, 2, 5])
    func manyMessages(kind: MethodKind, count: Int) {
        var machine = ServerCallStateMachine(kind: kind)
        for _ in 0..<count { #expect(machine.requestMessageReceived() == .deliver) }
        #expect(machine.requestEnded(atMessageBoundary: true) == .deliver)
    }

    @Test("fails an end in the middle of a message", arguments: MethodKind.allCases, [false, true])
    func endWithinMessage(kind: MethodKind, afterMessage: Bool) {
        var machine = ServerCallStateMachine(kind: kind)
        if afterMessage { #expect(machine.requestMessageReceived() == .deliver) }
        let status = Status(code: .internalError, message: "the client ended its request in the middle of a message")
        #expect(machine.requestEnded(atMessageBoundary: false) == .fail(status))
    }

    @Test("ignores what comes after the end of the request", arguments: MethodKind.allCases)
    func afterTheEnd(kind: MethodKind) {
        var machine = ServerCallStateMachine(kind: kind)
        _ = machine.requestMessageReceived()
        _ = machine.requestEnded(atMessageBoundary: true)
        #expect(machine.requestMessageReceived() == .ignore)
        #expect(machine.requestEnded(atMessageBoundary: false) == .ignore)
    }

    // MARK: - Responses

    @Test("sends header fields with the first message only", arguments: streamedResponses)
    func headersOnce(kind: MethodKind) {
        var machine = ServerCallStateMachine(kind: kind)
        #expect(machine.responseMessageAdmitted().sendsHeaders == true)
        #expect(machine.responseMessageAdmitted().sendsHeaders == false)
        #expect(machine.responseHeadersRequested() == false)
        #expect(machine.handlerReturned(.ok) == .sendTrailers(.ok))
    }

    @Test("sends header fields ahead of the messages when asked", arguments: MethodKind.allCases)
    func headersAhead(kind: MethodKind) {
        var machine = ServerCallStateMachine(kind: kind)
        #expect(machine.responseHeadersRequested() == true)
        #expect(machine.responseHeadersRequested() == false)
        #expect(machine.responseMessageAdmitted().sendsHeaders == false)
    }

    @Test("knows the first message, whether or not header fields went ahead", arguments: [true, false])
    func firstMessage(headersGoAhead: Bool) {
        var machine = ServerCallStateMachine(kind: .serverStreaming)
        if headersGoAhead { _ = machine.responseHeadersRequested() }
        #expect(machine.responseMessageAdmitted().isFirst == true)
        #expect(machine.responseMessageAdmitted().isFirst == false)
    }

    @Test("refuses a second response where there is one", arguments: unaryResponses)
    func secondResponse(kind: MethodKind) {
        var machine = ServerCallStateMachine(kind: kind)
        #expect(machine.responseMessageAdmitted().sendsHeaders == true)
        #expect(machine.responseMessageAdmitted().refusal == .internalError)
        #expect(machine.isOpen)
        #expect(machine.handlerReturned(.ok) == .sendTrailers(.ok))
    }

    @Test("turns OK without the one response into INTERNAL", arguments: unaryResponses)
    func missingResponse(kind: MethodKind) {
        var machine = ServerCallStateMachine(kind: kind)
        let status = Status(code: .internalError, message: "the handler returned without a response message")
        #expect(machine.handlerReturned(.ok) == .sendTrailersOnly(status))
        #expect(machine.end == .finished(.internalError))
    }

    // MARK: - The end

    @Test("ends without header fields in trailers only", arguments: MethodKind.allCases)
    func trailersOnly(kind: MethodKind) {
        var machine = ServerCallStateMachine(kind: kind)
        let status = Status(code: .notFound, message: "no such dataset")
        #expect(machine.handlerReturned(status) == .sendTrailersOnly(status))
        #expect(!machine.isOpen)
        #expect(machine.requestIsOpen)
        #expect(machine.end == .finished(.notFound))
    }

    @Test("ends a stream of no messages with OK in trailers only", arguments: streamedResponses)
    func emptyStream(kind: MethodKind) {
        var machine = ServerCallStateMachine(kind: kind)
        #expect(machine.handlerReturned(.ok) == .sendTrailersOnly(.ok))
    }

    @Test("ends once: what the handler returns after the server has ended the call is ignored")
    func failedFirst() {
        var machine = ServerCallStateMachine(kind: .serverStreaming)
        _ = machine.responseMessageAdmitted()
        let stalled = Status(code: .resourceExhausted, message: "the client does not read")
        #expect(machine.failed(with: stalled) == .sendTrailers(stalled))
        #expect(machine.handlerReturned(.ok) == .ignore)
        #expect(machine.failed(with: .ok) == .ignore)
        #expect(machine.responseMessageAdmitted().refusal == .cancelled)
        #expect(machine.responseHeadersRequested() == false)
        #expect(machine.terminated(.connectionLost) == .ignore)
        #expect(machine.end == .finished(.resourceExhausted))
    }

    @Test("notes the end of the request after the status, and delivers nothing", arguments: [true, false])
    func requestEndsLate(atBoundary: Bool) {
        var machine = ServerCallStateMachine(kind: .bidirectionalStreaming)
        _ = machine.handlerReturned(.ok)
        #expect(machine.requestMessageReceived() == .ignore)
        #expect(machine.requestIsOpen)
        #expect(machine.requestEnded(atMessageBoundary: atBoundary) == .ignore)
        #expect(!machine.requestIsOpen)
        #expect(machine.requestEnded(atMessageBoundary: true) == .ignore)
    }

    @Test(
        "cancels the handler the first time the stream is gone, and says why to who still sends",
        arguments: [
            (.resetByPeer(code: 8), .cancelled), (.resetByPeer(code: 0), .cancelled),
            (.resetByPeer(code: 1), .internalError), (.resetByServer(code: 8), .cancelled),
            (.connectionLost, .unavailable),
        ] as [(CallEnd, StatusCode)])
    func terminated(end: CallEnd, expected: StatusCode) {
        var machine = ServerCallStateMachine(kind: .bidirectionalStreaming)
        _ = machine.responseMessageAdmitted()
        #expect(machine.terminated(end) == .cancelHandler)
        #expect(machine.terminated(.connectionLost) == .ignore)
        #expect(machine.end == end)
        #expect(!machine.isOpen)
        #expect(!machine.requestIsOpen)
        #expect(machine.responseMessageAdmitted().refusal == expected)
        #expect(machine.requestMessageReceived() == .ignore)
        #expect(machine.requestEnded(atMessageBoundary: true) == .ignore)
        #expect(machine.handlerReturned(.ok) == .ignore)
        #expect(machine.failed(with: .ok) == .ignore)
    }

    @Test(
        "sends header fields once, one end and nothing after it, in any order of events",
        arguments: 0..<200 as Range<UInt64>)
    func anyOrder(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let kind = MethodKind.allCases[Int(seed % 4)]
        var machine = ServerCallStateMachine(kind: kind)
        var headers = 0
        var messages = 0
        var ends = 0
        for _ in 0..<20 {
            switch UInt8.random(in: 0..<7, using: &random) {
            case 0: if machine.requestMessageReceived() == .deliver { #expect(ends == 0) }
            case 1:
                if machine.requestEnded(atMessageBoundary: random.next() % 2 == 0) == .deliver { #expect(ends == 0) }
            case 2, 3:
                guard case .send(let sendHeaders, _) = machine.responseMessageAdmitted() else { continue }
                #expect(ends == 0)
                messages += 1
                if sendHeaders { headers += 1 }
                #expect(headers == 1)
            case 4: if machine.responseHeadersRequested() { headers += 1 }
            case 5:
                switch machine.handlerReturned(.ok) {
                case .sendTrailers:
                    #expect(headers == 1)
                    ends += 1
                case .sendTrailersOnly:
                    #expect(headers == 0)
                    ends += 1
                case .ignore: break
                }
            default: if machine.terminated(.connectionLost) == .cancelHandler { ends += 1 }
            }
            #expect(headers <= 1)
            #expect(ends <= 1)
            #expect(machine.isOpen == (ends == 0))
            if !kind.streamsResponses { #expect(messages <= 1) }
        }
    }
}

extension ServerCallStateMachine.RequestAction {
    /// The code of the status that the call is to be failed with.
    fileprivate var failure: StatusCode? {
        if case .fail(let status) = self { status.code } else { nil }
    }
}

extension ServerCallStateMachine.ResponseMessageAction {
    /// Whether header fields go first, or nil when the message was refused.
    fileprivate var sendsHeaders: Bool? {
        if case .send(let sendHeaders, _) = self { sendHeaders } else { nil }
    }

    var isFirst: Bool? {
        if case .send(_, let isFirst) = self { isFirst } else { nil }
    }

    /// The code of the error that the handler gets, or nil when the message is sent.
    fileprivate var refusal: StatusCode? {
        if case .refuse(let error) = self { error.code } else { nil }
    }
}
