// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerConnection: several streams under any sequence of windows, budgets, sockets and time")
struct ConnectionFuzzTests {
    /// One stream and the tasks that send on it.
    private final class Member {
        let id: Int32
        let call: ServerCall
        var waits: [Waiting] = []
        /// Bytes of messages, prefixes included, that were written.
        var written = 0
        var isReset = false
        init(_ id: Int32, _ call: ServerCall) {
            self.id = id
            self.call = call
        }
    }

    private final class World {
        var random: SeededGenerator
        let process: ProcessSendBudget
        let rig: ServerRig
        var members: [Member] = []
        var nextID: Int32 = 1
        var taken = 0
        var faults: [String] = []
        let connectionBudget: Int
        var readCredit: [Int32: Int] = [:]

        init(seed: UInt64) throws {
            random = SeededGenerator(seed: seed)
            connectionBudget = [20_000, 100_000, 4 << 20].randomElement(using: &random) ?? 0
            process = ProcessSendBudget(limitBytes: [150_000, 1 << 24].randomElement(using: &random) ?? 0)
            let budget = connectionBudget
            rig = try ServerRig(
                {
                    $0.connectionSendBudgetBytes = budget
                    $0.flow.stallDeadline = .seconds(600)
                    $0.flow.tailDeadline = .seconds(600)
                    $0.pressureBeforeShedding = .seconds(1000)
                }, process: process)
            rig.connect([.initialWindow([0, 100, 5_000, 65_535, 1 << 20].randomElement(using: &random) ?? 0)])
            rig.onFrame = { [unowned self] header in
                if header.kind == .data { readCredit[header.stream, default: 0] += header.length }
            }
        }

        func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

        func step() {
            let before = members.randomElement(using: &random)
            switch int(0...19) {
            case 0, 1:
                if members.count < 6 { open() }
            case 2...7:
                if let before { send(before) }
            case 8: before?.waits.randomElement(using: &random)?.cancel()
            case 9: rig.feed(.windowUpdate(size()))
            case 10: if let before { rig.feed(.windowUpdate(size(), stream: before.id)) }
            case 11: readAll(all: int(0...1) == 0)
            case 12:
                let sizes = [0, 1, 100, 5_000, 20_000, 65_535, 1 << 20]
                rig.feed(.initialWindow(sizes.randomElement(using: &random) ?? 0))
            case 13: rig.socketIsOpen.toggle(); rig.pump()
            case 14: rig.advance(by: .milliseconds(int(1...1_500)))
            case 15: rig.jump(by: .milliseconds(int(1...1_500)))
            case 16:
                if taken > 0 { returnTaken() } else { takeMost() }
            case 17:
                if let before, int(0...3) == 0 {
                    rig.feed(.reset(before.id, code: 8))
                    before.isReset = true
                    if before.call.handlerIsRunning { before.call.handlerReturned(Status(code: .ok)) }
                    members.removeAll { $0 === before }
                }
            case 18:
                if let before, int(0...3) == 0 {
                    before.call.handlerReturned(Status(code: .ok))
                    members.removeAll { $0 === before }
                }
            default:
                rig.feed(RawFrame(kind: .ping, flags: 0, stream: 0, payload: [0, 0, 0, 0, 0, 0, 0, 1]))
            }
            rig.pump()
            check()
        }

        /// Another connection takes nearly all of the process's budget.
        func takeMost() {
            let count = process.limitBytes - process.takenBytes - int(0...20_000)
            if count > 0, process.take(count) { taken = count }
        }

        func returnTaken() {
            process.give(taken)
            taken = 0
        }

        func size() -> Int {
            switch int(0...3) {
            case 0: int(1...10)
            case 1: int(1...2_000)
            case 2: int(1_000...40_000)
            default: int(40_000...200_000)
            }
        }

        func messageSize() -> Int {
            switch int(0...5) {
            case 0: int(0...10)
            case 1...3: int(10...2_000)
            case 4: int(1_000...18_000)
            default: int(10_000...min(90_000, connectionBudget - 6))
            }
        }

        func open() {
            let id = nextID
            nextID += 2
            if let call = rig.openList(id, ends: int(0...1) == 0) { members.append(Member(id, call)) }
        }

        func readAll(all: Bool) {
            var total = 0
            var frames: [RawFrame] = []
            for (id, count) in readCredit.sorted(by: { $0.key < $1.key }) where all || int(0...1) == 0 {
                total += count
                if count > 0, members.contains(where: { $0.id == id }) {
                    frames.append(.windowUpdate(count, stream: id))
                }
                readCredit[id] = 0
            }
            if total > 0 { frames.append(.windowUpdate(total)) }
            if !frames.isEmpty { rig.feed(frames.flatMap(\.bytes)) }
        }

        func send(_ member: Member) {
            let size = messageSize()
            let form = int(0...3)
            guard member.call.isOpen else { return }
            if form == 0 {
                if member.call.trySend(size) == nil { member.written += size + 5 }
                return
            }
            do {
                if try member.call.admit(size) {
                    try member.call.writeFilled(size)
                    member.written += size + 5
                    return
                }
            } catch { return }
            let deadline: Duration? = form == 1 ? .milliseconds(int(1...3_000)) : nil
            let waiting = Waiting(member.call, size, since: rig.now, deadline: deadline, claimsRoom: int(0...7) != 0)
            waiting.onWritten = { member.written += size + 5 }
            member.waits.append(waiting)
        }

        func fault(_ text: String) { if faults.count < 5 { faults.append(text) } }

        func check() {
            let held = rig.connection.session.flow.budget.heldBytes
            if held > connectionBudget || held < 0 { fault("held \(held)") }
            if process.takenBytes > process.limitBytes { fault("process \(process.takenBytes)") }
            var reserved = 0
            for stream in rig.connection.session.streams.values {
                let library = rig.connection.session.libraryWindows(of: stream)
                if max(0, stream.window.bytes) != library.stream { fault("window \(stream.window.bytes) \(library)") }
                if rig.connection.session.flow.window.bytes != library.connection { fault("connection window") }
                reserved += stream.pendingBytes
            }
            if rig.connection.session.flow.reservedBytes > reserved || rig.connection.session.flow.reservedBytes < 0 {
                fault("reserved \(rig.connection.session.flow.reservedBytes) of \(reserved)")
            }
            if !rig.protocolErrors.isEmpty || !rig.peerUnderstood { fault("protocol \(rig.protocolErrors)") }
        }

        /// Everything opens: all must move.
        func finish() {
            returnTaken()
            rig.socketIsOpen = true
            rig.pump()
            rig.connection.outputBuffered(0, isWritable: true, at: rig.now)
            rig.pump()
            check()
            let early = int(0...1) == 0
            readCredit = [:]
            // Each window is as wide as it ever was.
            let session = rig.connection.session
            var frames: [RawFrame] = []
            for (id, stream) in session.streams.sorted(by: { $0.key < $1.key }) {
                let missing = max(65_535, stream.window.largestBytes) - stream.window.bytes
                if missing > 0 { frames.append(.windowUpdate(missing, stream: id)) }
            }
            let missing = max(65_535, session.flow.window.largestBytes) - session.flow.window.bytes
            if missing > 0 { frames.append(.windowUpdate(missing)) }
            rig.feed(frames.flatMap(\.bytes))
            for _ in 0..<120 {
                readAll(all: true)
                rig.advance(by: .milliseconds(early ? 100 : 1_200))
            }
            for member in members {
                let flow = member.call.streamFlow(at: rig.now)
                let resumes = member.waits.map(\.outcomes.count)
                if resumes.contains(where: { $0 != 1 }) { fault("stream \(member.id) resumed \(resumes): \(flow)") }
                let got = rig.peer[member.id].data.count
                if got != member.written { fault("stream \(member.id) got \(got) of \(member.written): \(flow)") }
                member.call.handlerReturned(Status(code: .ok))
            }
            rig.pump()
            for _ in 0..<5 { readAll(all: true); rig.advance(by: .seconds(2)) }
            rig.connection.connectionLost("over", at: rig.now)
            rig.pump()
            if process.takenBytes != 0 { fault("taken \(process.takenBytes)") }
            let held = rig.connection.session.flow.budget.heldBytes
            if held != 0 { fault("held at the end \(held)") }
            if rig.connection.session.flow.reservedBytes != 0 { fault("reserved at the end") }
            if rig.connection.session.flow.turnCreditBytes != 0 { fault("kept at the end") }
            if rig.connection.counts.timers != 0 { fault("timers") }
            if !rig.stalls.isEmpty { fault("stalls \(rig.stalls)") }
        }
    }

    @Test("nothing is over budget, ledgers agree, and all that is open moves", arguments: 0..<10)
    func runs(block: Int) throws {
        for run in 0..<100 {
            let seed = UInt64(block * 100 + run)
            let world = try World(seed: seed)
            for _ in 0..<60 where world.faults.isEmpty { world.step() }
            if world.faults.isEmpty { world.finish() }
            #expect(world.faults.isEmpty, "seed \(seed): \(world.faults)")
        }
    }
}
