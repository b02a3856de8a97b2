// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// How a client behaves on one connection: facts come in, commands go out.
///
/// A profile does no I/O and reads no clock, so the same one runs under a simulation's clock and over a real socket. It is
/// told one thing at a time and answers in ``ClientCommands``; it must not block.
public protocol ClientProfile: Sendable {
    /// The profile's name, in lowerCamelCase, for reports.
    static var name: String { get }

    /// Something happened; says through `client` what to do about it.
    mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands)
}

/// What a client learns.
public enum ClientFact: Sendable {
    /// The connection is there; the preface is still to be sent.
    case connected
    /// That many bytes were taken from the socket; told ahead of the frames that they complete.
    case bytesRead(Int)
    /// A whole frame came.
    case frame(FrameReader.Header, payload: ByteBuffer)
    /// A timer that was set with this number fired.
    case timer(Int)
    /// The server closed or reset the connection, or what it sent were no frames; nothing comes after this.
    case closed
}

/// What a client does next.
public enum ClientCommand: Equatable, Sendable {
    /// Sends bytes.
    case send([UInt8])
    /// Reads from the socket until that many more bytes were taken, then stops; `Int.max` is for ever.
    case read(atMost: Int)
    /// Sets a timer, which cannot be taken back.
    case setTimer(after: Duration, number: Int)
    /// Closes the connection.
    case close
    /// Is gone without a word: the network takes nothing to the client and nothing from it any more.
    case vanish
}

/// What a client wants done, in order, and what it may look at.
public struct ClientCommands: Sendable {
    /// The commands so far.
    public private(set) var commands: [ClientCommand] = []
    /// How long after the connection began this is.
    public let now: Duration
    /// Bytes sent that the client's own kernel has not taken.
    public let unsentBytes: Int

    /// Makes an empty list of commands for a client that stands there.
    public init(now: Duration, unsentBytes: Int = 0) {
        self.now = now
        self.unsentBytes = unsentBytes
    }

    /// Sends a frame.
    public mutating func send(_ frame: RawFrame) { send(frame.bytes) }

    /// Sends bytes, frames or not.
    public mutating func send(_ bytes: [UInt8]) {
        guard case .send(var all)? = commands.last else { return commands.append(.send(bytes)) }
        // Taken out first, so that it grows in its place: thousands of calls would be copied thousands of times.
        commands.removeLast()
        all += bytes
        commands.append(.send(all))
    }

    /// Reads from the socket until that many more bytes were taken, then stops.
    ///
    /// A client begins with reading everything.
    public mutating func read(atMost bytes: Int) { commands.append(.read(atMost: max(0, bytes))) }

    /// Reads whatever comes.
    public mutating func readEverything() { commands.append(.read(atMost: .max)) }

    /// Takes nothing from the socket any more.
    public mutating func stopReading() { commands.append(.read(atMost: 0)) }

    /// Sets a timer that says this number when it fires.
    ///
    /// It cannot be taken back: a profile ignores what it no longer cares for.
    public mutating func setTimer(after delay: Duration, number: Int = 0) {
        commands.append(.setTimer(after: delay, number: number))
    }

    /// Closes the connection.
    public mutating func close() { commands.append(.close) }

    /// Is gone without a word.
    public mutating func vanish() { commands.append(.vanish) }
}
