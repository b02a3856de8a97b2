// SPDX-License-Identifier: Apache-2.0

import NIOCore
import WeirProtobuf

/// Wire bytes, put together by hand.
struct Wire {
    var bytes: [UInt8] = []

    static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func tag(_ number: UInt64, _ wireType: UInt64) -> [UInt8] { varint(number << 3 | wireType) }

    static func number(_ number: UInt64, _ value: UInt64) -> [UInt8] { tag(number, 0) + varint(value) }

    static func delimited(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        tag(number, 2) + varint(UInt64(bytes.count)) + bytes
    }
}

/// Decodes bytes, as they are.
func decode<Message: ProtobufMessage>(
    _ type: Message.Type, _ bytes: [UInt8], options: ProtobufDecodingOptions = .init()
) throws(ProtobufError) -> Message {
    try Message(serialized: ByteBuffer(bytes: bytes), options: options)
}

/// Encodes a message to bytes.
func encode(_ message: some ProtobufMessage) throws -> [UInt8] {
    Array(try message.serialized().readableBytesView)
}

/// Which error decoding ends with, or nil.
func failure<Message: ProtobufMessage>(
    _ type: Message.Type, _ bytes: [UInt8], options: ProtobufDecodingOptions = .init()
) -> ProtobufError.Code? {
    do throws(ProtobufError) {
        _ = try decode(type, bytes, options: options)
        return nil
    } catch {
        return error.code
    }
}

/// Numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension Weir_Test_AllTypes {
    /// A message in which every field has a value.
    static var filled: Weir_Test_AllTypes {
        var message = Weir_Test_AllTypes()
        message.aInt32 = -1
        message.aInt64 = .min
        message.aUint32 = .max
        message.aUint64 = .max
        message.aSint32 = .min
        message.aSint64 = .min
        message.aFixed32 = 0xdead_beef
        message.aFixed64 = 0x0123_4567_89ab_cdef
        message.aSfixed32 = -2
        message.aSfixed64 = -3
        message.aFloat = 1.5
        message.aDouble = -2.25
        message.aBool = true
        message.aString = "Wehr, 堰, weir"
        message.aBytes = ByteBuffer(bytes: [0, 1, 2, 255])
        message.aColor = .darkBlue
        message.aNested.value = 42
        message.aTimestamp = Google_Protobuf_Timestamp(seconds: 1_700_000_000, nanos: 999_999_999)
        message.anImported = Weir_Test_Imported()
        message.anImported?.name = "imported"
        return message
    }
}

extension Optional where Wrapped == Weir_Test_AllTypes.Nested {
    /// The number in the nested message, which is made when it is set.
    var value: Int32 {
        get { self?.value ?? 0 }
        set { self = self ?? Weir_Test_AllTypes.Nested(); self?.value = newValue }
    }
}

extension Weir_Test_Lists {
    /// A message in which every field has some values.
    static var filled: Weir_Test_Lists {
        var message = Weir_Test_Lists()
        message.aInt32 = [0, 1, -1, .max, .min]
        message.aInt64 = [0, 1, -1, .max, .min]
        message.aUint32 = [0, 127, 128, .max]
        message.aUint64 = [0, 127, 128, .max]
        message.aSint32 = [0, -1, .max, .min]
        message.aSint64 = [0, -1, .max, .min]
        message.aFixed32 = [0, 1, .max]
        message.aFixed64 = [0, 1, .max]
        message.aSfixed32 = [0, -1, .min]
        message.aSfixed64 = [0, -1, .min]
        message.aFloat = [0, 0.5, -.infinity]
        message.aDouble = [0, 0.25, .greatestFiniteMagnitude]
        message.aBool = [false, true, false]
        message.aString = ["", "a", "a string that does not fit in sixteen bytes"]
        message.aBytes = [ByteBuffer(), ByteBuffer(bytes: [7]), ByteBuffer(repeating: 9, count: 300)]
        message.aColor = [.none, .red, .darkBlue, .UNRECOGNIZED(99)]
        message.aNested = [1, 0, -5].map { (value: Int32) in
            var nested = Weir_Test_AllTypes.Nested()
            nested.value = value
            nested.list = [value, value]
            return nested
        }
        message.expanded = [3, 0, -1]
        return message
    }
}
