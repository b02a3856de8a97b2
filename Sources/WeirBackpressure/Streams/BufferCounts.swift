// SPDX-License-Identifier: Apache-2.0

/// What became of the messages that were offered to a buffer; `offered == delivered + dropped + held`, always.
public struct BufferCounts: Hashable, Sendable {
    /// Messages that were taken in, and those that were dropped instead.
    ///
    /// One that has to wait, or that the buffer failed on, counts when it is offered again.
    public internal(set) var offered: UInt64 = 0
    /// Messages that were taken out.
    public internal(set) var delivered: UInt64 = 0
    /// Messages that were lost.
    public internal(set) var dropped: UInt64 = 0
    /// Messages that are in the buffer.
    public internal(set) var held: UInt64 = 0

    /// All zero.
    public init() {}
}
