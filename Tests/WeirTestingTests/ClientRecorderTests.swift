// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirTesting

@Suite("The recorder of a client's connection")
struct ClientRecorderTests {
    private let recorder = ClientRecorder()
    private static let fields = [("grpc-status", "8"), ("grpc-message", "too slow")]

    init() {
        send(RawFrame.preface)
        send(RawFrame.settings().bytes)
        send(RawFrame.headers([(":method", "POST")], stream: 1).bytes)
    }

    private func send(_ bytes: [UInt8], at time: Duration = .zero) { recorder.noteSent(bytes, at: time) }

    private func receive(_ frame: RawFrame, at time: Duration = .zero) { receive(raw: frame.bytes, at: time) }

    private func receive(raw bytes: [UInt8], at time: Duration = .zero) {
        var reader = FrameReader()
        let areFrames = reader.receive(ByteBuffer(bytes: bytes)) { header, payload in
            recorder.note(.frame(header, payload: payload), at: time)
            return true
        }
        #expect(areFrames)
    }

    private func receive(bytes count: Int, stream: Int32 = 1, at time: Duration = .zero) {
        receive(.data([UInt8](repeating: 0, count: count), stream: stream), at: time)
    }

    private var stream: StreamRecord { recorder.stream(1) ?? StreamRecord(stream: 0, beganAt: .zero) }

    @Test("padding counts for windows and not as data")
    func padding() {
        receive(.data([0, 0, 0, 0, 1, 7], stream: 1, padding: 10))
        #expect(stream.dataBytes == 6)
        #expect(stream.messages == 1)
        #expect(stream.windowBytes == 65_535 - 17)
        #expect(recorder.record.windowBytes == 65_535 - 17)
    }

    @Test("padding that is longer than its frame leaves nothing")
    func tooMuchPadding() {
        receive(RawFrame(kind: .data, flags: RawFrame.padded, stream: 1, payload: [200, 1, 2]))
        #expect(stream.dataBytes == 0)
        #expect(stream.windowBytes == 65_535 - 3)
    }

    @Test("a field block in parts, with padding and a priority in front")
    func continuation() {
        let block = RawFrame.headers(Self.fields, stream: 1).payload
        let flags = RawFrame.endStream | RawFrame.padded | RawFrame.priority
        let first = [3, 0, 0, 0, 0, 16] + block.prefix(7) + [0, 0, 0]
        receive(RawFrame(kind: .headers, flags: flags, stream: 1, payload: first), at: .seconds(1))
        #expect(!stream.isOver)
        receive(RawFrame(kind: .continuation, stream: 1, payload: Array(block.dropFirst(7).prefix(5))), at: .seconds(2))
        receive(
            RawFrame(
                kind: .continuation, flags: RawFrame.endHeaders, stream: 1, payload: Array(block.dropFirst(12))),
            at: .seconds(3))
        #expect(recorder.record.isUnderstood)
        #expect(stream.status == 8)
        #expect(stream.message == "too slow")
        #expect(stream.endedAt == .seconds(3))
    }

    @Test("CONTINUATION of another stream, or of nothing, is not understood")
    func strayContinuation() {
        receive(RawFrame(kind: .continuation, flags: RawFrame.endHeaders, stream: 1))
        #expect(!recorder.record.isUnderstood)
    }

    @Test("fields that cannot be decoded are not understood")
    func badFields() {
        receive(
            RawFrame(kind: .headers, flags: RawFrame.endHeaders, stream: 1, payload: [0xFF, 0xFF, 0xFF, 0xFF, 0x7F]))
        #expect(!recorder.record.isUnderstood)
    }

    @Test("a stream's window ends at its last byte", arguments: [0, 1])
    func violation(beyond: Int) {
        send(RawFrame.windowUpdate(100_000).bytes)
        for _ in 0..<4 { receive(bytes: 16_000) }
        receive(bytes: 1_535 + beyond)
        #expect(stream.windowBytes == -beyond)
        #expect(stream.violationBytes == beyond)
    }

    @Test("so does the connection's", arguments: [0, 1])
    func connectionViolation(beyond: Int) {
        send(RawFrame.windowUpdate(100_000, stream: 1).bytes)
        for _ in 0..<4 { receive(bytes: 16_000) }
        receive(bytes: 1_535 + beyond)
        #expect(recorder.record.windowBytes == -beyond)
        #expect(stream.violationBytes == beyond)
    }

    @Test("frames without bytes may come at any time")
    func emptyFrames() {
        send(RawFrame.initialWindow(0).bytes)
        receive(.settingsAcknowledgement)
        receive(.settingsAcknowledgement)
        receive(.data([], stream: 1, ends: true))
        #expect(stream.violationBytes == 0)
        #expect(stream.isOver)
    }

    @Test("a smaller window holds from its acknowledgement on; the window becomes negative")
    func shrink() {
        send(RawFrame.initialWindow(1_000).bytes)
        receive(.settingsAcknowledgement)
        receive(bytes: 10_000)
        #expect(stream.violationBytes == 0)
        receive(.settingsAcknowledgement)
        #expect(stream.windowBytes == 1_000 - 10_000)
        receive(bytes: 1)
        #expect(stream.violationBytes == 1)
        // Credit for less than what is owed does not open it.
        send(RawFrame.windowUpdate(9_001, stream: 1).bytes)
        receive(bytes: 1)
        #expect(stream.violationBytes == 2)
        send(RawFrame.windowUpdate(10, stream: 1).bytes)
        receive(bytes: 9)
        #expect(stream.violationBytes == 2)
    }

    @Test("a larger window may be used before it is acknowledged")
    func growth() {
        send(RawFrame.windowUpdate(1_000_000).bytes)
        send(RawFrame.initialWindow(70_000).bytes)
        for _ in 0..<4 { receive(bytes: 16_384) }
        receive(bytes: 4_464)
        #expect(stream.violationBytes == 0)
        receive(bytes: 1)
        #expect(stream.violationBytes == 1)
        receive(.settingsAcknowledgement)
        receive(.settingsAcknowledgement)
        #expect(stream.windowBytes == -1)
    }

    @Test("messages are followed across frames, each byte of them alone")
    func messages() {
        let bytes =
            RawFrame.message([1, 2, 3], stream: 1, ends: false).payload + [0, 0, 0, 0, 0] + [0, 0, 0, 1, 0, 9]
        for byte in bytes { receive(.data([byte], stream: 1)) }
        #expect(stream.messages == 2)
        #expect(stream.largestMessageBytes == 256)
        #expect(stream.cutBytes == 6)
        #expect(stream.tinyDataFrames == bytes.count)
        receive(bytes: 255)
        #expect(stream.messages == 3)
        #expect(stream.cutBytes == 0)
    }

    @Test("several messages in one frame")
    func manyMessages() {
        let one = RawFrame.message([1, 2, 3], stream: 1).payload
        receive(.data(one + one + one.prefix(6), stream: 1))
        #expect(stream.messages == 2)
        #expect(stream.cutBytes == 6)
        #expect(stream.tinyDataFrames == 0)
    }

    @Test("times: first byte, last byte, the longest gap, the end")
    func times() {
        receive(bytes: 10, at: .seconds(1))
        receive(bytes: 10, at: .seconds(4))
        receive(.data([], stream: 1), at: .seconds(9))
        receive(bytes: 10, at: .seconds(5))
        receive(.reset(1, code: 11), at: .seconds(6))
        receive(.reset(1, code: 2), at: .seconds(7))
        #expect(stream.firstDataAt == .seconds(1))
        #expect(stream.lastDataAt == .seconds(5))
        #expect(stream.longestGap == .seconds(3))
        #expect(stream.endedAt == .seconds(6))
    }

    @Test(
        "frames of streams that nobody opened, and frames sent of unknown types, change nothing but the connection's window"
    )
    func strangers() {
        let before = recorder.record.streams
        send(RawFrame.unknownFrame)
        receive(raw: RawFrame.unknownFrame)
        send(RawFrame.headers([], stream: 3).bytes)
        receive(bytes: 100, stream: 77)
        receive(.headers(Self.fields, stream: 77, ends: true))
        #expect(recorder.record.streams.first == before.first)
        #expect(recorder.record.callsBegun == 2)
        #expect(recorder.record.windowBytes == 65_535 - 100)
        #expect(recorder.record.isUnderstood)
    }

    @Test("calls beyond those that are kept are counted, and their data counts for the connection")
    func bound() {
        for number in 1..<(ConnectionRecord.keptStreams + 10) {
            send(RawFrame.headers([], stream: Int32(2 * number + 1)).bytes)
        }
        #expect(recorder.record.streams.count == ConnectionRecord.keptStreams)
        #expect(recorder.record.callsBegun == ConnectionRecord.keptStreams + 10)
        receive(bytes: 5, stream: Int32(2 * ConnectionRecord.keptStreams + 11))
        #expect(recorder.record.windowBytes == 65_535 - 5)
        #expect(recorder.record.dataBytes == 0)
    }

    @Test("acknowledgements are counted, also those that nobody waits for")
    func acknowledgements() {
        for _ in 0..<3 { receive(.settingsAcknowledgement, at: .seconds(2)) }
        receive(.ping([0, 0, 0, 0, 0, 0, 0, 0], acknowledge: true))
        #expect(recorder.record.acknowledgements == 4)
        #expect(recorder.record.settingsAcknowledgedAt == .seconds(2))
    }

    @Test("GOAWAY: its code and what of its text can be printed; a short one is nothing")
    func goAway() {
        receive(RawFrame(kind: .goAway, payload: [0, 0]))
        #expect(recorder.record.goAway == nil)
        let payload = RawFrame.bigEndian(1) + RawFrame.bigEndian(11) + Array("calm\u{7}!".utf8)
        receive(RawFrame(kind: .goAway, payload: payload), at: .seconds(1))
        #expect(recorder.record.goAway?.code == 11)
        #expect(recorder.record.goAway?.lastStream == 1)
        #expect(recorder.record.goAway?.text == "calm!")
    }

    @Test("who ended the connection first is who ended it")
    func ends() {
        recorder.note(.closed, at: .seconds(1))
        recorder.noteLeft(at: .seconds(2))
        #expect(recorder.record.closedAt == .seconds(1))
        #expect(recorder.record.leftAt == nil)
        #expect(recorder.record.isOver)
    }
}
