// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirEngine
import WeirHTTP2
import WeirRPC
import WeirTesting

@Suite("ServerCall: several senders under any sequence")
struct SendPropertyTests {
    /// A task that sends numbered messages one after the other, in any of the forms.
    private final class Task {
        let id: UInt8
        var next: UInt8 = 0
        /// Numbers of messages that were written, in order.
        var written: [UInt8] = []
        var waiting: Waiting?
        var all: [Waiting] = []

        init(id: UInt8) { self.id = id }
    }

    @Test("each is resumed once, nothing is half-written, order is kept, and nothing is left", arguments: 0..<20)
    func runs(block: Int) throws {
        for run in 0..<100 {
            let seed = UInt64(block * 100 + run)
            let faults = try oneRun(seed)
            #expect(faults.isEmpty, "seed \(seed): \(faults)")
        }
    }

    private func oneRun(_ seed: UInt64) throws -> [String] {
        var random = SeededGenerator(seed: seed)
        _ = pending.take()
        let rig = try ServerRig()
        rig.connect([.initialWindow([0, 50, 500, 65_535][Int.random(in: 0..<4, using: &random)])])
        guard let call = rig.openList() else { return ["no call"] }
        var faults: [String] = []
        let tasks = (0..<4).map { Task(id: $0) }
        var expected: [[UInt8]] = []
        for _ in 0..<25 { step(rig, call, tasks, &expected, &random) }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: rig.connection.connectionLost("the test is over", at: rig.now)
        case 1: rig.connection.cutCalls(at: rig.now)
        case 2: rig.feed(.reset(1, code: 8))
        default:
            rig.socketIsOpen = true
            rig.pump()
            rig.feed(.windowUpdate(1 << 20), .windowUpdate(1 << 20, stream: 1))
            collect(tasks, &expected)
            if !check(rig, expected) { faults.append("data") }
            call.handlerReturned(Status(code: .ok))
        }
        rig.socketIsOpen = true
        rig.pump()
        if call.handlerIsRunning { call.handlerReturned(Status(code: .ok)) }
        rig.pump()
        let waits = tasks.flatMap(\.all)
        if !waits.allSatisfy({ $0.outcomes.count == 1 }) { faults.append("resumed \(waits.map(\.outcomes.count))") }
        if !rig.peerUnderstood || !rig.protocolErrors.isEmpty { faults.append("protocol") }
        if !rig.holdsNothing { faults.append("held \(rig.connection.counts)") }
        if !isOrdered(tasks) { faults.append("order") }
        return faults
    }

    /// Everything that was written arrived whole, in the order it was written.
    private func check(_ rig: ServerRig, _ expected: [[UInt8]]) -> Bool {
        var data = rig.peer[1].data[...]
        for message in expected {
            let bytes = [0] + RawFrame.bigEndian(UInt32(message.count)) + message
            guard data.starts(with: bytes) else { return rig.stalls.count == 1 }
            data = data.dropFirst(bytes.count)
        }
        return data.isEmpty
    }

    private func isOrdered(_ tasks: [Task]) -> Bool {
        tasks.allSatisfy { task in zip(task.written, task.written.dropFirst()).allSatisfy { $0 < $1 } }
    }

    private func step(
        _ rig: ServerRig, _ call: ServerCall, _ tasks: [Task], _ expected: inout [[UInt8]],
        _ random: inout SeededGenerator
    ) {
        let task = tasks[Int.random(in: 0..<tasks.count, using: &random)]
        switch Int.random(in: 0..<12, using: &random) {
        case 0...4: send(rig, call, task, &expected, &random)
        case 5: task.waiting?.cancel()
        case 6: rig.feed(.windowUpdate(Int.random(in: 1...900, using: &random), stream: 1))
        case 7: rig.feed(.windowUpdate(Int.random(in: 1...900, using: &random)))
        case 8: rig.feed(.initialWindow(Int.random(in: 0...1_500, using: &random)))
        case 9: rig.jump(by: .milliseconds(Int64.random(in: 1...900, using: &random)))
        case 10: rig.advance(by: .milliseconds(Int64.random(in: 1...900, using: &random)))
        default: rig.socketIsOpen.toggle()
        }
        rig.pump()
        collect(tasks, &expected)
    }

    private func send(
        _ rig: ServerRig, _ call: ServerCall, _ task: Task, _ expected: inout [[UInt8]], _ random: inout SeededGenerator
    ) {
        guard task.waiting == nil else { return }
        let size = [1, 40, 300, 1_200][Int.random(in: 0..<4, using: &random)]
        let number = task.next
        task.next += 1
        let byte = task.id << 6 | number & 63
        let form = Int.random(in: 0..<4, using: &random)
        if form == 0 {
            if call.trySend(size, byte: byte) == nil { note(task, number, size, byte, &expected) }
            return
        }
        do {
            if try call.admit(size) {
                try call.writeFilled(size, with: byte)
                note(task, number, size, byte, &expected)
                return
            }
        } catch {
            return
        }
        let deadline = form == 1 ? nil : Duration.milliseconds(Int64.random(in: 1...1_500, using: &random))
        let waiting = Waiting(call, size, since: rig.now, deadline: deadline, claimsRoom: form != 3, byte: byte)
        waiting.onWritten = { [self] in pending.append((task, number, size, byte)) }
        task.waiting = waiting
        task.all.append(waiting)
    }

    private let pending = Pending()

    /// What waiters wrote since it was last looked at, in the order they did.
    private final class Pending {
        private(set) var writes: [(Task, UInt8, Int, UInt8)] = []
        func append(_ write: (Task, UInt8, Int, UInt8)) { writes.append(write) }
        func take() -> [(Task, UInt8, Int, UInt8)] {
            defer { writes = [] }
            return writes
        }
    }

    private func collect(_ tasks: [Task], _ expected: inout [[UInt8]]) {
        for (task, number, size, byte) in pending.take() { note(task, number, size, byte, &expected) }
        for task in tasks where task.waiting?.isWaiting == false { task.waiting = nil }
    }

    private func note(_ task: Task, _ number: UInt8, _ size: Int, _ byte: UInt8, _ expected: inout [[UInt8]]) {
        task.written.append(number)
        expected.append([UInt8](repeating: byte, count: size))
    }
}
