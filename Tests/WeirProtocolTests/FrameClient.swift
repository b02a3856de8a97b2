// SPDX-License-Identifier: Apache-2.0

import WeirTesting

/// A client that makes these requests at once, one a stream, and returns no credit.
struct FrameClient: ClientProfile {
    static let name = "frames"

    private let requests: [RawRequest]
    private var session = ClientSession(ClientCall(path: ""), calls: 0)
    /// SETTINGS_MAX_HEADER_LIST_SIZE of the client (RFC 9113 §6.5.2); nil: it announces none.
    private let headerListBytes: Int?

    init(_ requests: [RawRequest], windowBytes: Int = 65_535, headerListBytes: Int? = nil) {
        self.requests = requests
        self.headerListBytes = headerListBytes
        session.streamWindowBytes = windowBytes
    }

    mutating func handle(_ fact: ClientFact, _ client: inout ClientCommands) {
        guard case .connected = fact else {
            _ = session.keepHouse(fact, &client)
            return
        }
        session.open(&client)
        if let headerListBytes {
            let entry: (id: UInt16, value: UInt32) = (6, UInt32(clamping: headerListBytes))
            client.send(RawFrame.settings([entry]))
        }
        for (index, request) in requests.enumerated() {
            client.send(request.bytes(stream: Int32(2 * index + 1)))
        }
    }
}
