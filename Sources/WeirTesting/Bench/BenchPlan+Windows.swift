// SPDX-License-Identifier: Apache-2.0

/// What profiles derive from a plan: windows that fill, and how long that takes.
extension BenchPlan {
    /// The smallest window that a profile stalls a stream with.
    package static let smallestStallWindowBytes = 1_024
    /// The window that a stream and a connection begin with (RFC 9113 §6.9.2).
    package static let usualWindowBytes = 65_535
    /// What both kernels hold of a loopback connection, with room to spare.
    ///
    /// Linux gives a sender on loopback about 2.5 MiB at once, and at most `tcp_wmem[2]`, which is 4 MiB.
    package static let kernelBytes = 6 << 20

    /// The window with which a stream stalls: the usual one, unless the method would not fill it.
    ///
    /// A method that sends little in a second, or whose response is short, gets a smaller one.
    package var stallWindowBytes: Int {
        let half = control.responseBytes.map { $0 / 2 } ?? 65_535
        return max(Self.smallestStallWindowBytes, min(65_535, Int(min(65_535, bytesPerSecond)), half))
    }

    /// The shortest response with which streams stall.
    package var neededResponseBytes: Int { stallWindowBytes + Self.smallestStallWindowBytes }

    /// Whether the method's response is long enough to stall.
    package var canStall: Bool { control.responseBytes.map { $0 >= neededResponseBytes } ?? true }

    /// What the control run measured, made fit for arithmetic: at least one byte, at most a terabyte a second.
    package var bytesPerSecond: Double {
        control.bytesPerSecond.isFinite ? min(max(1, control.bytesPerSecond), 1e12) : 1e12
    }

    /// What so many connections can carry whose windows are the usual ones: one for each time that an answer takes.
    ///
    /// The control had wider windows. A server that is far away is not a bad one.
    package func bytesPerSecond(windows count: Int, of canary: BenchObservation.Canary) -> Double {
        let answer = max(0.001, canary.percentile99 / .seconds(1))
        return min(bytesPerSecond, Double(max(1, count)) * Double(Self.usualWindowBytes) / answer)
    }

    /// How long the method takes to send that much, at most half a minute; as long again for a busy machine.
    package func fills(_ bytes: Int) -> Duration {
        min(.seconds(30), control.firstDataAfter + .seconds(2 * Double(max(0, bytes)) / bytesPerSecond))
    }

    /// How long to watch streams that stall once a window is full.
    ///
    /// A server may hold the rest of a window back for a second before it uses it up.
    package var stallWatch: Duration { fills(stallWindowBytes) + .seconds(1) + patience }

    /// How long a request, a preface or an acknowledgement may take before a good server gives up.
    ///
    /// The stall deadline, or ten seconds where that is longer: what such deadlines commonly are.
    package var requestDeadline: Duration { max(stallDeadline, .seconds(10)) }

    /// The longest that a request may take and the server still passes.
    package var requestPunctual: Duration { requestDeadline + requestDeadline / 8 + .seconds(1) }

    /// How long to watch a request that does not get anywhere.
    package var requestWatch: Duration { requestPunctual + requestDeadline / 8 + .seconds(1) }

    /// Whether so many responses are more than the kernels hold, and come in half a minute.
    package func fillsKernels(streams: Int) -> Bool {
        let whole = control.responseBytes.map { $0.multipliedReportingOverflow(by: max(1, streams)) }
        let isLarge = whole.map { $0.overflow || $0.partialValue > Self.kernelBytes } ?? true
        return isLarge && fills(Self.kernelBytes) < .seconds(30)
    }

    /// How long the method itself may pause before its first message and between two, twice what they take on average; a
    /// minute at most.
    package var methodPause: Duration {
        let between = Duration.seconds(min(60, 2 * Double(max(0, control.largestMessageBytes) + 5) / bytesPerSecond))
        return min(.seconds(60), max(between, 2 * control.firstDataAfter))
    }

    /// When streams whose windows are full are blocked for certain, counted from their beginning.
    package var isBlockedAfter: Duration { fills(stallWindowBytes) + .milliseconds(200) }

    /// The plan's number of clients of this kind, each on a connection of its own.
    func each(_ profile: some ClientProfile, receiveBufferBytes: Int? = nil) -> [BenchClient] {
        let client = BenchClient(profile, receiveBufferBytes: receiveBufferBytes)
        return [BenchClient](repeating: client, count: max(1, connections))
    }
}
