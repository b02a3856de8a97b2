// SPDX-License-Identifier: Apache-2.0

public import WeirProtobuf
internal import WeirRPC
public import WeirServer

/// `xds.service.orca.v3.OpenRcaService`: reports the server's load out of band, to clients that balance by it.
///
/// Sends what its ``LoadRecorder`` has at once, and then once in each interval that the client asks for, but not more often
/// than ``minimumInterval``. A client that does not read suspends its stream, and then gets the newest report. Streams that
/// are open when the server drains end with UNAVAILABLE.
///
/// Source: gRFC A51 (custom backend metrics).
public struct LoadReportService: AttachedService {
    /// Where the application says how loaded it is.
    public let recorder: LoadRecorder
    /// The shortest time between two reports on a stream, and the one that is kept if a client asks for none.
    public let minimumInterval: Duration

    private let clock: any Clock<Duration>
    private let calls = OpenCalls(limit: Self.maximumStreams)

    /// Most streams at a time; one more is refused with RESOURCE_EXHAUSTED.
    public static var maximumStreams: Int { 4096 }
    /// The longest interval that is kept to; a client that asks for more gets reports that often.
    public static var maximumInterval: Duration { .seconds(86_400) }

    /// Makes a service that reports what `recorder` has.
    public init(
        recorder: LoadRecorder = LoadRecorder(), minimumInterval: Duration = .seconds(1),
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.recorder = recorder
        self.minimumInterval = max(.milliseconds(1), minimumInterval)
        self.clock = clock
    }

    /// Registers StreamCoreMetrics.
    public func register(with router: inout Router) {
        let methods = LoadReportMethods(
            recorder: recorder, minimumInterval: minimumInterval, clock: clock, calls: calls)
        methods.register(with: &router)
    }

    /// The file that declares the service.
    public static var fileDescriptors: [ProtobufFileDescriptor] { LoadReportMethods.fileDescriptors }

    /// Nothing has to be known of the server.
    public func attach(to server: AttachedServer) {}

    /// Ends the streams that are open.
    public func serverWillDrain() {
        calls.drain()
    }
}

/// The method of `xds.service.orca.v3.OpenRcaService`.
struct LoadReportMethods: Xds_Service_Orca_V3_OpenRcaService.ServiceProtocol {
    typealias Request = Xds_Service_Orca_V3_OrcaLoadReportRequest

    let recorder: LoadRecorder
    let minimumInterval: Duration
    let clock: any Clock<Duration>
    let calls: OpenCalls

    func streamCoreMetrics(
        _ request: Request, stream: ResponseStream<Xds_Data_Orca_V3_OrcaLoadReport>, context: CallContext
    ) async throws {
        let interval = try interval(of: request)
        let costs = Set(request.requestCostNames)
        try await calls.run(context) {
            var isFirst = true
            // Asked for a report only when one can be sent.
            try await stream.pull {
                if !isFirst { try await clock.sleep(for: interval) }
                isFirst = false
                return report(costs)
            }
        }
    }

    private func interval(of request: Request) throws(RPCError) -> Duration {
        guard let wanted = request.reportInterval else { return minimumInterval }
        guard let interval = Duration(wanted) else {
            throw RPCError(.invalidArgument, "the report interval is no valid google.protobuf.Duration")
        }
        return max(minimumInterval, min(interval, LoadReportService.maximumInterval))
    }

    /// The report with the costs that are wanted; none named: all of them.
    private func report(_ costs: Set<String>) -> Xds_Data_Orca_V3_OrcaLoadReport {
        var report = recorder.report
        if !costs.isEmpty { report.requestCost = report.requestCost.filter { costs.contains($0.key) } }
        return report.message
    }
}
