// SPDX-License-Identifier: Apache-2.0

/// How a simulated link behaves: its delay, its speed, and the kernels' buffers at both ends.
public struct LinkConfiguration: Sendable, Equatable {
    /// One of a link's two directions.
    public struct Direction: Sendable, Equatable {
        /// How long a byte is on its way.
        public var latency: Duration = .milliseconds(1)
        /// Bytes that pass in a second.
        public var bytesPerSecond: Int = 12_500_000
        /// Most bytes the sender's kernel holds, those on their way included.
        public var sendBufferBytes: Int = 256 * 1024
        /// Bytes not yet sent at which the sender's kernel takes no more (`TCP_NOTSENT_LOWAT`); it asks for more at half.
        public var notSentLowWatermarkBytes: Int = 128 * 1024
        /// Most bytes the receiver's kernel holds for its application, those on their way included.
        public var receiveBufferBytes: Int = 128 * 1024

        /// Makes a direction of the defaults.
        public init() {}
    }

    /// From the server to the client.
    public var toClient = Direction()
    /// From the client to the server.
    public var toServer = Direction()

    /// Makes a link of the defaults: 100 Mbit/s, 2 ms there and back.
    public init() {}

    /// Makes a link with the same delay and speed in both directions.
    public init(latency: Duration, bytesPerSecond: Int) {
        toClient.latency = latency
        toClient.bytesPerSecond = bytesPerSecond
        toServer.latency = latency
        toServer.bytesPerSecond = bytesPerSecond
    }
}
