// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirProtobuf

/// Message types are made ready when they are first used, from any task.
@Suite struct LayoutLinkTests {
    @Test("Types that refer to each other are first used by many tasks at once")
    func concurrentFirstUse() async throws {
        let bytes = Wire.delimited(1, Wire.delimited(1, Wire.delimited(2, [])))
        let sizes = await withTaskGroup(of: Int.self) { group in
            for index in 0..<16 {
                group.addTask {
                    if index % 2 == 0 {
                        (try? decode(CycleA.self, bytes))?.serializedByteCount ?? -1
                    } else {
                        (try? decode(CycleB.self, bytes))?.serializedByteCount ?? -1
                    }
                }
            }
            return await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(sizes == [bytes.count])
    }
}

/// Two types that nothing else uses, with fields as the generator would write them.
private struct CycleA: ProtobufMessage {
    var other: [CycleB] = []
    var same: [CycleA] = []

    static let protobufLayout: ProtobufLayout = .init(
        name: "test.CycleA",
        fields: [
            .init(1, "other", .message { CycleB.protobufLayout }, .repeated),
            .init(2, "same", .message { CycleA.protobufLayout }, .repeated),
        ])

    func protobufWrite(to writer: ProtobufWriter) {
        writer.repeated(0, other)
        writer.repeated(1, same)
    }

    mutating func protobufRead(from reader: ProtobufReader) throws(ProtobufError) {
        other = try reader.repeated(0)
        same = try reader.repeated(1)
    }
}

private struct CycleB: ProtobufMessage {
    var other: [CycleA] = []
    var same: [CycleB] = []

    static let protobufLayout: ProtobufLayout = .init(
        name: "test.CycleB",
        fields: [
            .init(1, "other", .message { CycleA.protobufLayout }, .repeated),
            .init(2, "same", .message { CycleB.protobufLayout }, .repeated),
        ])

    func protobufWrite(to writer: ProtobufWriter) {
        writer.repeated(0, other)
        writer.repeated(1, same)
    }

    mutating func protobufRead(from reader: ProtobufReader) throws(ProtobufError) {
        other = try reader.repeated(0)
        same = try reader.repeated(1)
    }
}
