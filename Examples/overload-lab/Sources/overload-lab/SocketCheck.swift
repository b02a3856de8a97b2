// SPDX-License-Identifier: Apache-2.0

import Logging
import WeirBackpressure
import WeirServer

/// The curves, tried on a real server over a real socket.
enum SocketCheck {
    /// What became of the calls.
    struct Figure: Sendable {
        var strategy: String
        var load: Double
        var offered = 0
        var answered = 0
        var rejected = 0
        var gaveUp = 0
        var goodput = 0.0
        var p50 = 0.0
        var p99 = 0.0

        var text: String {
            "sockets: \(strategy) at \(Plot.label(load))x: goodput \(Table.decimal(goodput, 2)), p99 \(Table.decimal(p99, 1)) ms, "
                + "\(answered) answered, \(rejected) turned away, \(gaveUp) given up"
        }
    }

    static let workMilliseconds = 10
    private static let (seconds, warmUp) = (4.0, 1.0)

    /// Serves with or without the default chain, and sends calls at that multiple of what one loop can do.
    static func run(_ name: String, isAdmitting: Bool, load: Double) async throws -> Figure {
        var configuration = ServerConfiguration()
        configuration.port = 0
        configuration.threads = 1
        let admission = ServerAdmission(isAdmitting ? .standard(cores: 1) : nil)
        let server = Server(
            configuration: configuration, services: [WorkService()], admission: admission,
            logger: Logger(label: "overload-lab") { _ in SwiftLogNoOpLogHandler() })
        let address = try await server.start()
        let rate = load * 1000 / Double(workMilliseconds)
        let calls = try await OpenLoopClient.run(
            address: address, path: "/lab.v1.Work/Spend",
            slices: workMilliseconds * 1000 / WorkService.sliceMicroseconds,
            perSecond: rate, seconds: warmUp + seconds, patience: .seconds(1))
        server.shutdown()
        try await server.run()
        return figure(name, load, calls)
    }

    private static func figure(_ name: String, _ load: Double, _ calls: [OpenLoopClient.Call]) -> Figure {
        var figure = Figure(strategy: name, load: load)
        var latencies: [Double] = []
        for call in calls where call.sentAt >= .seconds(warmUp) {
            figure.offered += 1
            switch call.outcome {
            case .answered(let latency):
                figure.answered += 1
                latencies.append(latency / .milliseconds(1))
            case .rejected: figure.rejected += 1
            case .gaveUp: figure.gaveUp += 1
            }
        }
        latencies.sort()
        figure.goodput = Double(figure.answered) / seconds * Double(workMilliseconds) / 1000
        if !latencies.isEmpty {
            figure.p50 = latencies[latencies.count / 2]
            figure.p99 = latencies[min(latencies.count - 1, latencies.count * 99 / 100)]
        }
        return figure
    }
}
