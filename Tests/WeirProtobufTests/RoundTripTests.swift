// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirProtobuf

/// What is encoded comes back when it is decoded.
@Suite struct RoundTripTests {
    @Test("Every type of field comes back")
    func allTypes() throws {
        let message = Weir_Test_AllTypes.filled
        #expect(try Weir_Test_AllTypes(serialized: message.serialized()) == message)
    }

    @Test("Every type of repeated field comes back")
    func lists() throws {
        let message = Weir_Test_Lists.filled
        #expect(try Weir_Test_Lists(serialized: message.serialized()) == message)
    }

    @Test("Maps come back, entries with default keys and values among them")
    func maps() throws {
        var message = Weir_Test_Maps()
        message.byName = ["": 0, "a": 1, "b": -1]
        message.names = [.min: "least", 0: "", .max: "most"]
        message.blobs = [false: ByteBuffer(), true: ByteBuffer(bytes: [1, 2, 3])]
        var nested = Weir_Test_AllTypes.Nested()
        nested.value = 7
        message.nested = [0: .init(), 1: nested]
        message.colors = [-1: .red, 1: .UNRECOGNIZED(1234)]
        message.numbers = [.max: .infinity, 0: -0.5]
        #expect(try Weir_Test_Maps(serialized: message.serialized()) == message)
    }

    @Test("Of two map entries with the same key the later one stays, and a missing value is the default")
    func mapDuplicates() throws {
        let entry = Wire.delimited(1, Array("k".utf8))
        let bytes = Wire.delimited(1, entry + Wire.number(2, 1)) + Wire.delimited(1, entry + Wire.number(2, 2))
        #expect(try decode(Weir_Test_Maps.self, bytes).byName == ["k": 2])
        #expect(try decode(Weir_Test_Maps.self, bytes + Wire.delimited(1, entry)).byName == ["k": 0])
        #expect(try decode(Weir_Test_Maps.self, Wire.delimited(4, [])).nested == [0: .init()])
    }

    @Test("A message without fields, and one in which all have their defaults, are empty")
    func defaults() throws {
        #expect(try encode(Weir_Test_Empty()).isEmpty)
        #expect(try encode(Weir_Test_AllTypes()).isEmpty)
        #expect(try decode(Weir_Test_AllTypes.self, []) == Weir_Test_AllTypes())
        #expect(try decode(Weir_Test_Empty.self, Wire.number(1, 1)) == Weir_Test_Empty())
    }

    @Test("Negative zero is not the default")
    func negativeZero() throws {
        var message = Weir_Test_AllTypes()
        message.aFloat = -0.0
        message.aDouble = -0.0
        let decoded = try Weir_Test_AllTypes(serialized: message.serialized())
        #expect(decoded.aFloat.sign == .minus)
        #expect(decoded.aDouble.sign == .minus)
        #expect(try encode(message).count == 5 + 9)
    }

    @Test("A field with presence keeps a default that was set, and stays unset when it was not")
    func presence() throws {
        var message = Weir_Test_Presence()
        #expect(try encode(message).isEmpty)
        message.aInt32 = 0
        message.aDouble = 0
        message.aBool = false
        message.aString = ""
        message.aBytes = ByteBuffer()
        message.aColor = Weir_Test_AllTypes.Color.none
        message.aNested = .init()
        let decoded = try Weir_Test_Presence(serialized: message.serialized())
        #expect(decoded == message)
        #expect(decoded.aString != nil && decoded.aNested != nil)
        #expect(try Weir_Test_Presence(serialized: ByteBuffer()) == Weir_Test_Presence())
    }

    static let choices: [Weir_Test_Choice.OneOf_Choice?] = [
        nil, .text("a text"), .text(""), .number(0), .number(.max), .blob(ByteBuffer()),
        .blob(ByteBuffer(repeating: 1, count: 2000)), .nested(.init()), .color(.red), .color(.none), .real(0), .real(1),
        .flag(false), .flag(true), .deeper(.init()),
    ]

    @Test("Each member of a oneof comes back, set to its default or not", arguments: choices)
    func oneof(choice: Weir_Test_Choice.OneOf_Choice?) throws {
        var message = Weir_Test_Choice()
        message.before = "before"
        message.choice = choice
        message.other = .right(0)
        #expect(try Weir_Test_Choice(serialized: message.serialized()) == message)
    }

    @Test("Messages that contain their own type come back")
    func recursion() throws {
        var list = Weir_Test_Node()
        for index in 0..<20 {
            var node = Weir_Test_Node()
            node.label = "\(index)"
            node.next = list
            list = node
        }
        #expect(try Weir_Test_Node(serialized: list.serialized()) == list)

        var ping = Weir_Test_Ping()
        ping.pings = [.init(), .init()]
        var pong = Weir_Test_Pong()
        pong.ping = ping
        pong.pongs = ["a": .init()]
        ping.pong = pong
        #expect(try Weir_Test_Ping(serialized: ping.serialized()) == ping)
    }

    @Test("Field numbers with gaps, up to the last one there is")
    func sparse() throws {
        var message = Weir_Test_Sparse()
        message.near = 1
        message.middle = 2
        message.far = 3
        #expect(try Weir_Test_Sparse(serialized: message.serialized()) == message)
        let expected = Wire.number(3, 1) + Wire.number(1000, 2) + Wire.number(536_870_911, 3)
        #expect(try encode(message) == expected)
    }

    @Test("An enum keeps numbers that have no name")
    func openEnum() throws {
        let message = try decode(Weir_Test_AllTypes.self, Wire.number(16, 77))
        #expect(message.aColor == .UNRECOGNIZED(77))
        #expect(message.aColor.rawValue == 77)
        #expect(try encode(message) == Wire.number(16, 77))
        #expect(Weir_Test_AllTypes.Color(rawValue: -7) == .darkBlue)
    }

    @Test("A message is appended to what a buffer holds, from any reader index")
    func appending() throws {
        var buffer = ByteBuffer(string: "head")
        try Weir_Test_AllTypes.filled.serialize(into: &buffer)
        #expect(buffer.readString(length: 4) == "head")
        #expect(buffer.readableBytes == Weir_Test_AllTypes.filled.serializedByteCount)
        #expect(try Weir_Test_AllTypes(serialized: buffer) == Weir_Test_AllTypes.filled)
    }

    @Test("The name of a message is that of the proto file")
    func name() {
        #expect(Weir_Test_AllTypes.Nested.protobufName == "weir.test.AllTypes.Nested")
    }
}
