// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

/// A client on a slow link that keeps to the rules as they are documented, by books of its own.
///
/// What it sends is cut at random places, and each piece comes as late as a random part of what the rules leave.
private final class HonestClient {
    let rig: ServerRig
    var random: SeededGenerator
    var requests: [Int32: [UInt8]] = [:]
    /// The real time by which the request under way must have grown.
    private var requestDue: Int64?
    /// Whether the last pause was as long as any may be.
    private var usesUp: Bool
    /// Pieces after which the client falls silent; nil: never.
    private var piecesLeft: Int?
    /// By when something must have been ended, because the client fell silent.
    private(set) var mustEndBy: Int64?

    static let patience: Int64 = 10_000_000_000

    init(seed: Int, silentAfter: Int? = nil) throws {
        rig = try ServerRig()
        rig.onStart = { $0.handlerReturned(Status(code: .aborted)) }
        random = SeededGenerator(seed: UInt64(seed))
        usesUp = seed % 2 == 0
        piecesLeft = silentAfter
    }

    var isSilent: Bool { mustEndBy != nil }

    private func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    /// Waits for a part of the time that is left until `due`, and never all of it.
    private func pause(before due: Int64) {
        let left = max(0, due - rig.now.nanoseconds - 1)
        let wait =
            switch number(0...3) {
            case 0: Int64(0)
            case 1: left / 100
            case 2: Int64.random(in: 0...left, using: &random) / 2
            default: usesUp ? left : left / 3
            }
        rig.advance(by: .nanoseconds(wait))
    }

    /// Sends bytes in random pieces that all come before `due`.
    private func send(_ bytes: [UInt8], before due: Int64) {
        var rest = bytes[...]
        while !rest.isEmpty, !isSilent {
            // Pauses inside of it use up parts of the same time.
            if rest.count < bytes.count { pause(before: min(due, requestDue ?? due)) }
            let piece = number(0...4) == 0 ? rest.count : number(1...min(rest.count, 40))
            rig.feed(Array(rest.prefix(piece)))
            rest = rest.dropFirst(piece)
            if let left = piecesLeft {
                piecesLeft = left - 1
                if left == 0, !rest.isEmpty { mustEndBy = max(rig.now.nanoseconds, min(due, requestDue ?? due)) }
            }
        }
    }

    private func after(_ nanoseconds: Int64) -> Int64 { rig.now.nanoseconds + nanoseconds }

    func connect() {
        send(RawFrame.preface + RawFrame.settings().bytes, before: Self.patience)
        guard !isSilent else { return }
        pause(before: after(Self.patience))
        rig.feed(.settingsAcknowledgement)
    }

    /// Sends a whole request.
    func request(_ stream: Int32) {
        pause(before: after(100 * Self.patience))
        let headers = ServerRig.request("/test.Echo/Get", stream: stream, message: nil, ends: false)
        send(split(headers, stream), before: after(Self.patience))
        guard !isSilent else { return }
        requestDue = after(Self.patience)
        let message = (0..<number(0...3) * number(0...10_000)).map { UInt8(truncatingIfNeeded: $0) }
        requests[stream] = message
        var body = ([0] + RawFrame.bigEndian(UInt32(message.count)) + message)[...]
        let endsApart = number(0...2) == 0
        while !body.isEmpty, !isSilent {
            let count = number(1...min(body.count, 16_384))
            sendData(Array(body.prefix(count)), stream, ends: count == body.count && !endsApart)
            body = body.dropFirst(count)
            if number(0...3) == 0, !body.isEmpty, !isSilent { between() }
        }
        guard endsApart, !isSilent else { return requestDue = nil }
        pause(before: requestDue ?? 0)
        sendData([], stream, ends: true)
        requestDue = nil
    }

    /// HEADERS as they are, or with a part of them in a CONTINUATION.
    private func split(_ headers: [UInt8], _ stream: Int32) -> [UInt8] {
        guard number(0...1) == 0 else { return headers }
        let block = Array(headers.dropFirst(9))
        let cut = number(0...block.count)
        return RawFrame(kind: .headers, stream: stream, payload: Array(block.prefix(cut))).bytes
            + RawFrame(
                kind: .continuation, flags: RawFrame.endHeaders, stream: stream, payload: Array(block.dropFirst(cut))
            ).bytes
    }

    /// A DATA frame whose bytes each come within the patience of the one before, and as fast as a request has to.
    private func sendData(_ payload: [UInt8], _ stream: Int32, ends: Bool) {
        let bytes = RawFrame.data(payload, stream: stream, ends: ends).bytes
        send(Array(bytes.prefix(9)), before: after(Self.patience))
        var rest = payload[...]
        while !rest.isEmpty, !isSilent {
            pause(before: min(after(Self.patience), requestDue ?? 0))
            let piece = number(1...min(rest.count, 1_500))
            rig.feed(Array(rest.prefix(piece)))
            rest = rest.dropFirst(piece)
            // A second for each KiB, never more than the patience from now.
            requestDue = min((requestDue ?? 0) + Int64(piece) * 1_000_000_000 / 1_024, after(Self.patience))
            if let left = piecesLeft {
                piecesLeft = left - 1
                if left == 0, !(rest.isEmpty && ends) { mustEndBy = requestDue }
            }
        }
    }

    /// Another frame between two of DATA.
    private func between() {
        pause(before: requestDue ?? 0)
        let frame = number(0...1) == 0 ? RawFrame.ping() : RawFrame.windowUpdate(1)
        send(frame.bytes, before: after(Self.patience))
    }

    var isCut: Bool { rig.closed + rig.aborted > 0 || !rig.stalledRequests.isEmpty }
}

@Suite("ServerConnection: honest clients on slow links")
struct HonestClientTests {
    @Test("no client that keeps to the rules is cut, however its bytes come", arguments: 0..<10)
    func lives(block: Int) throws {
        for seed in (block * 40)..<(block * 40 + 40) {
            let client = try HonestClient(seed: seed)
            client.connect()
            for index in 0..<4 {
                client.request(Int32(2 * index + 1))
                try #require(!client.isCut, "seed \(seed): \(client.rig.inputTimeouts) \(client.rig.stalledRequests)")
            }
            try #require(client.rig.requests == client.requests, "seed \(seed)")
            #expect(client.rig.connection.nextDeadline == nil, "seed \(seed)")
        }
    }

    @Test(
        "a client that falls silent in the middle is ended at the instant by which it had to go on", arguments: 0..<10)
    func silent(block: Int) throws {
        var silent = 0
        for seed in (block * 40)..<(block * 40 + 40) {
            let client = try HonestClient(seed: seed, silentAfter: seed % 40)
            client.connect()
            for index in 0..<4 where !client.isSilent { client.request(Int32(2 * index + 1)) }
            guard let due = client.mustEndBy else { continue }
            silent += 1
            let rig = client.rig
            rig.advance(to: MonotonicInstant(nanoseconds: due - 1))
            try #require(!client.isCut, "seed \(seed)")
            rig.advance(to: MonotonicInstant(nanoseconds: due))
            try #require(client.isCut, "seed \(seed): \(rig.now)")
            rig.advance(by: .seconds(60))
            #expect(rig.holdsNothing, "seed \(seed)")
        }
        #expect(silent > 20)
    }
}
