// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

/// What a seed decides, and the books that are kept of it, apart from the server's own.
private final class ReceiveRun {
    let budget: ProcessReceiveBudget
    let rigs: [ServerRig]
    var receivers: [[Int32: Receiver]] = [[:], [:]]
    var random: SeededGenerator
    /// Bytes of DATA sent on each connection and on each stream, padding included.
    var sent = [0, 0]
    var sentOn: [[Int32: Int]] = [[:], [:]]
    /// What is left of the message that each stream is in the middle of.
    var unfinished: [[Int32: Int]] = [[:], [:]]
    var ended: [Set<Int32>] = [[], []]
    var nextID: [Int32] = [1, 1]
    var longestOwed = 0
    var lost = [false, false]

    init(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        budget = ProcessReceiveBudget(limitBytes: Int.random(in: 140_000...400_000, using: &random))
        let held = Int.random(in: 0...120_000, using: &random)
        let window = Int.random(in: 30_000...100_000, using: &random)
        rigs = try (0..<2).map { [budget] _ in
            try ServerRig(
                {
                    $0.connectionReceiveBudgetBytes = held
                    $0.settings.streamReceiveWindowBytes = window
                    $0.settings.maximumConnectionReceiveWindowBytes = 200_000
                }, receiveBudget: budget, maximumRequestBytes: 60_000)
        }
        self.random = random
        for rig in rigs {
            rig.onStart = { call in if !call.route.method.kind.streamsRequests { call.handlerReturned(.ok) } }
            rig.connect()
        }
    }

    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
}

@Suite("ServerConnection: receive credit under any sequence")
struct ReceivePropertyTests {
    @Test(
        "held + advertised never passes the budget, every byte is credited once, and nothing is left",
        arguments: 0..<40)
    func conserved(group: Int) throws {
        var owed = 0
        for seed in (group * 50)..<(group * 50 + 50) {
            let run = try ReceiveRun(seed: seed)
            for _ in 0..<25 {
                step(run)
                try check(run, seed)
            }
            try finish(run, seed)
            owed = max(owed, run.longestOwed)
        }
        // The budget was tight indeed.
        #expect(owed > 0)
    }

    private func step(_ run: ReceiveRun) {
        let index = run.number(0...1)
        let rig = run.rigs[index]
        guard !run.lost[index] else { return }
        let id = Int32(run.number(0...max(0, Int(run.nextID[index]) - 1))) | 1
        switch run.number(0...19) {
        case 0...3: open(run, index)
        case 4...10: for _ in 0..<run.number(1...3) { send(run, index, id) }
        case 11, 12: run.receivers[index][id].map { if !$0.isWaiting, !$0.isDone { rig.ask($0) } }
        case 13:
            run.receivers[index][id]?.cancel()
            rig.pump()
        case 14: if id < run.nextID[index] { rig.feed(.reset(id, code: 8)) }
        case 15: returnHandler(run, index, id)
        case 16: rig.jump(by: .milliseconds(Int64(run.number(1...2_000))))
        case 17: acknowledge(rig)
        case 18: if run.number(0...5) == 0 { takeAll(run, index) }
        default: if run.number(0...20) == 0 { lose(run, index) }
        }
    }

    private func open(_ run: ReceiveRun, _ index: Int) {
        let id = run.nextID[index]
        run.nextID[index] += 2
        let path = ["/test.Echo/Talk", "/test.Echo/Collect", "/test.Echo/Get", "/test.Echo/None"][run.number(0...3)]
        run.rigs[index].feed(ServerRig.request(path, stream: id, message: nil, ends: false))
        if let call = run.rigs[index].calls[id], call.route.method.kind.streamsRequests {
            run.receivers[index][id] = Receiver(call)
        }
    }

    /// One DATA frame inside the windows: the next piece of a message, with or without padding, to whatever stream.
    private func send(_ run: ReceiveRun, _ index: Int, _ id: Int32) {
        let rig = run.rigs[index]
        guard id < run.nextID[index], !run.ended[index].contains(id) else { return }
        let known = rig.connection.session.streams[id]
        if known == nil, rig.peer[id].ended || rig.peer[id].reset == nil { return }
        var payload: [UInt8] = []
        if run.unfinished[index][id, default: 0] == 0 {
            let size = run.number(0...9) == 0 ? 60_000 : run.number(0...9_000)
            payload = [0] + RawFrame.bigEndian(UInt32(size))
            run.unfinished[index][id] = size
        }
        let more = min(run.unfinished[index][id, default: 0], run.number(0...9_000))
        payload += [UInt8](repeating: 5, count: more)
        let padding = run.number(0...2) == 0 ? run.number(0...255) : nil
        let ends = run.number(0...15) == 0
        let frame = RawFrame.data(payload, stream: id, ends: ends, padding: padding)
        let open = rig.connection.session.libraryReceiveWindow().openBytes
        let openOfStream = known.map { rig.connection.session.libraryReceiveWindow(of: $0).openBytes } ?? .max
        guard frame.payload.count <= min(open, openOfStream) else {
            if payload.count > more { run.unfinished[index][id] = 0 }
            return
        }
        run.unfinished[index][id, default: 0] -= more
        run.sent[index] += frame.payload.count
        run.sentOn[index][id, default: 0] += frame.payload.count
        if ends { run.ended[index].insert(id) }
        rig.feed(frame)
    }

    private func returnHandler(_ run: ReceiveRun, _ index: Int, _ id: Int32) {
        guard let call = run.rigs[index].calls[id], call.handlerIsRunning else { return }
        call.handlerReturned(Status(code: .aborted))
        run.rigs[index].pump()
    }

    private func acknowledge(_ rig: ServerRig) {
        rig.now = rig.now + .milliseconds(1)
        let ping = (0..<8).map { UInt8(truncatingIfNeeded: HTTP2Ping.bandwidth.rawValue >> (56 - 8 * $0)) }
        rig.feed(.ping(ping, acknowledge: true))
    }

    private func takeAll(_ run: ReceiveRun, _ index: Int) {
        for receiver in run.receivers[index].values where !receiver.isWaiting {
            while !receiver.isDone, receiver.takeNow() {}
        }
        run.rigs[index].pump()
    }

    private func lose(_ run: ReceiveRun, _ index: Int) {
        run.lost[index] = true
        run.rigs[index].connection.connectionLost("the test took the wire away", at: run.rigs[index].now)
        run.rigs[index].pump()
    }

    // MARK: - What must hold at every instant

    private func check(_ run: ReceiveRun, _ seed: Int) throws {
        var sum = 0
        for index in 0..<2 where !run.lost[index] {
            let session = run.rigs[index].connection.session
            let library = session.libraryReceiveWindow()
            let receiving = (session.receiving.heldBytes, session.receiving.owedBytes, session.receiving.windowBytes)
            sum += receiving.0 + library.openBytes
            run.longestOwed = max(run.longestOwed, receiving.1)
            try #require(run.rigs[index].protocolErrors.isEmpty, "seed \(seed)")
            // Our books, the library's and the peer's are the same.
            try #require(library.windowBytes == receiving.2, "seed \(seed)")
            try #require(run.rigs[index].peerWindow(sent: run.sent[index]) == library.openBytes, "seed \(seed)")
            try #require(receiving.1 <= library.unreturnedBytes, "seed \(seed)")
            try #require((0...receiving.0).contains(receiving.1), "seed \(seed)")
            let held = session.streams.values.reduce(0) { $0 + $1.receiveCredit.heldBytes }
            try #require(held == receiving.0, "seed \(seed)")
            // What could go back has gone back, up to half of what is in use.
            let due = library.unreturnedBytes - receiving.1
            try #require(due <= max(0, (receiving.2 - receiving.1) / 2), "seed \(seed)")
            for stream in session.streams.values { try check(run, index, stream, seed) }
        }
        try #require(sum <= run.budget.takenBytes, "seed \(seed)")
        try #require(run.budget.takenBytes <= run.budget.limitBytes, "seed \(seed)")
    }

    private func check(_ run: ReceiveRun, _ index: Int, _ stream: HTTP2Stream, _ seed: Int) throws {
        let id = stream.id.rawValue
        let library = run.rigs[index].connection.session.libraryReceiveWindow(of: stream)
        try #require(stream.receiveCredit.withheldBytes <= library.unreturnedBytes, "seed \(seed)")
        let credited = run.rigs[index].peer.credit[id] ?? 0
        try #require(run.sentOn[index][id, default: 0] - credited == library.unreturnedBytes, "seed \(seed)")
        // Whoever waits for a message has a client that may send on.
        if let receiver = run.receivers[index][id], receiver.isWaiting, !stream.requestEnded {
            try #require(library.openBytes > 0, "seed \(seed)")
        }
    }

    // MARK: - The end

    private func finish(_ run: ReceiveRun, _ seed: Int) throws {
        for index in 0..<2 where !run.lost[index] {
            let rig = run.rigs[index]
            for call in rig.calls.values where call.handlerIsRunning {
                call.handlerReturned(Status(code: .aborted))
            }
            rig.pump()
            for id in stride(from: Int32(1), to: run.nextID[index], by: 2) where !run.ended[index].contains(id) {
                rig.feed(.reset(id, code: 8))
            }
            try check(run, seed)
            let session = rig.connection.session
            try #require(session.streams.isEmpty, "seed \(seed)")
            try #require(session.receiving.heldBytes == 0 && session.receiving.owedBytes == 0, "seed \(seed)")
            try #require(rig.holdsNothing, "seed \(seed)")
            let library = session.libraryReceiveWindow()
            let windows = rig.peerWindow(sent: run.sent[index]) + library.unreturnedBytes
            try #require(windows == library.windowBytes, "seed \(seed)")
        }
        // With nothing held, windows are all that is taken.
        let open = (0..<2).filter { !run.lost[$0] }.map { run.rigs[$0].connection.session.receiving.windowBytes }
        try #require(run.budget.takenBytes == open.reduce(0, +), "seed \(seed)")
        for index in 0..<2 where !run.lost[index] { lose(run, index) }
        try #require(run.budget.takenBytes == 0, "seed \(seed)")
        for receiver in run.receivers.flatMap(\.values) {
            try #require(receiver.resumes.allSatisfy { $0 == 1 }, "seed \(seed)")
            try #require(!receiver.isWaiting, "seed \(seed)")
            let isWhole = receiver.messages.allSatisfy { ($0.first ?? 5) == 5 && ($0.last ?? 5) == 5 }
            try #require(isWhole, "seed \(seed)")
        }
    }
}
