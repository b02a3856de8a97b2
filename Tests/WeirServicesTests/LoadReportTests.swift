// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing
import WeirInterop
import WeirProtobuf
import WeirRPC
import WeirServer
import WeirServices
import WeirTesting

@Suite("Load reports")
struct LoadReportTests {
    private typealias Report = Xds_Data_Orca_V3_OrcaLoadReport
    private typealias Method = Xds_Service_Orca_V3_OpenRcaService.Method

    private let clock = VirtualClock()

    private func request(_ interval: Google_Protobuf_Duration?, costs: [String] = []) -> Method.StreamCoreMetrics.Input
    {
        var request = Method.StreamCoreMetrics.Input()
        request.reportInterval = interval
        request.requestCostNames = costs
        return request
    }

    private func reports(
        _ interval: Google_Protobuf_Duration?, costs: [String] = [], for duration: Duration,
        _ recorder: LoadRecorder = LoadRecorder()
    ) throws -> (reports: [Report], status: StatusCode?) {
        let service = LoadReportService(recorder: recorder, minimumInterval: .seconds(1), clock: clock)
        let simulation = try Simulation(clock: clock, services: [service])
        let client = simulation.connect(
            SteadyClient(try ClientCall(Method.StreamCoreMetrics.descriptor, request(interval, costs: costs))))
        try simulation.run(for: duration)
        let result = (try client.response.messages(of: Report.self), client.response.statusCode)
        simulation.drain()
        try simulation.run(for: .seconds(1))
        #expect(client.response.statusCode == result.1 ?? .unavailable)
        #expect(try simulation.shutDown())
        return result
    }

    @Test("the first report comes at once, the next ones in the interval that was asked for")
    func interval() throws {
        let two = Google_Protobuf_Duration(seconds: 2, nanos: 0)
        #expect(try reports(two, for: .seconds(1.9)).reports.count == 1)
        #expect(try reports(two, for: .seconds(6.1)).reports.count == 4)
    }

    @Test(
        "nobody gets reports more often than the server lets them",
        arguments: [nil, Google_Protobuf_Duration(), .init(seconds: 0, nanos: 1), .init(seconds: -5, nanos: 0)])
    func minimum(interval: Google_Protobuf_Duration?) throws {
        #expect(try reports(interval, for: .seconds(3.5)).reports.count == 4)
    }

    @Test("an interval that is none is refused; one without end is not kept to")
    func badInterval() throws {
        for bad in [
            Google_Protobuf_Duration(seconds: 1, nanos: -1), .init(seconds: .max, nanos: 0),
            .init(seconds: 0, nanos: .min), .init(seconds: .min, nanos: 0),
        ] {
            #expect(try reports(bad, for: .seconds(1)).status == .invalidArgument)
        }
        let most = Google_Protobuf_Duration(seconds: 315_576_000_000, nanos: 0)
        #expect(try reports(most, for: .seconds(86_401)).reports.count == 2)
    }

    @Test("a report has what was recorded, and only the costs that were asked for")
    func content() throws {
        let recorder = LoadRecorder()
        recorder.update { report in
            report.cpuUtilization = 1.5
            report.memoryUtilization = 0.25
            report.errorsPerSecond = 3
            report.requestsPerSecond = .nan
            report.applicationUtilization = -1
            report.requestCost = ["db": 2, "cache": 1]
            report.utilization = ["disk": 0.5, "broken": 1.5]
            report.namedMetrics = ["queue": -4]
        }
        let all = try #require(try reports(nil, for: .milliseconds(100), recorder).reports.first)
        #expect(all.cpuUtilization == 1.5 && all.memUtilization == 0.25 && all.eps == 3)
        #expect(all.rpsFractional == 0 && all.applicationUtilization == 0)
        #expect(all.requestCost == ["db": 2, "cache": 1] && all.utilization == ["disk": 0.5])
        #expect(all.namedMetrics == ["queue": -4])
        let one = try #require(try reports(nil, costs: ["db"], for: .milliseconds(100), recorder).reports.first)
        #expect(one.requestCost == ["db": 2])
    }

    @Test("a client that does not read gets the newest report, and none in between")
    func slowReader() throws {
        let recorder = LoadRecorder()
        recorder.update { $0.cpuUtilization = 1 }
        let service = LoadReportService(recorder: recorder, clock: clock)
        let simulation = try Simulation(clock: clock, services: [service])
        // Room for the first report of 14 bytes.
        let client = simulation.connect(
            try ScriptClient(
                Method.StreamCoreMetrics.descriptor, request(nil), windowBytes: 14,
                then: [.send(after: .seconds(9.5), [.windowUpdate(65_535, stream: 1)])]))
        for second in 2...9 {
            try simulation.run(for: .seconds(1))
            recorder.update { $0.cpuUtilization = Double(second) }
        }
        try simulation.run(for: .seconds(3))
        let cpu = try client.response.messages(of: Report.self).map(\.cpuUtilization)
        #expect(cpu.prefix(2) == [1, 9])
        #expect(try simulation.shutDown())
    }

    @Test("a handler's report goes out with the status, whatever that is", arguments: [0, 5] as [Int32])
    func perCall(code: Int32) throws {
        var wanted = Grpc_Testing_TestOrcaReport()
        wanted.cpuUtilization = 0.5
        wanted.memoryUtilization = 0.25
        wanted.requestCost = ["cost": 12]
        wanted.utilization = ["util": 0.5]
        var request = Grpc_Testing_SimpleRequest()
        request.orcaPerQueryReport = wanted
        var status = Grpc_Testing_EchoStatus()
        status.code = code
        request.responseStatus = status
        let simulation = try Simulation(clock: clock, services: [TestService(clock: clock)])
        let client = simulation.connect(
            SteadyClient(try ClientCall(Grpc_Testing_TestService.Method.UnaryCall.descriptor, request)))
        try simulation.run(for: .seconds(1))
        #expect(client.response.status == "\(code)")
        let text = try #require(client.response.sections.last?["endpoint-load-metrics-bin"])
        let report = try Report(serialized: ByteBuffer(bytes: try #require(Self.decoded(text))))
        #expect(report.cpuUtilization == 0.5 && report.memUtilization == 0.25)
        #expect(report.requestCost == ["cost": 12] && report.utilization == ["util": 0.5])
        #expect(try simulation.shutDown())
    }

    @Test("the load that a full-duplex call names is reported out of band")
    func outOfBand() throws {
        let service = LoadReportService(clock: clock)
        let simulation = try Simulation(
            clock: clock, services: [TestService(clock: clock, load: service.recorder), service])
        let watcher = simulation.connect(
            SteadyClient(try ClientCall(Method.StreamCoreMetrics.descriptor, request(nil))))
        var report = Grpc_Testing_TestOrcaReport()
        report.cpuUtilization = 0.75
        var request = Grpc_Testing_StreamingOutputCallRequest()
        request.orcaOobReport = report
        simulation.connect(
            UploadClient(
                ClientCall(Grpc_Testing_TestService.Method.FullDuplexCall.descriptor),
                messages: [Array(try request.serialized().readableBytesView)]))
        try simulation.run(for: .seconds(1.5))
        #expect(try watcher.response.messages(of: Report.self).last?.cpuUtilization == 0.75)
        #expect(try simulation.shutDown())
    }

    /// The bytes of base64 with or without padding.
    private static func decoded(_ text: String) -> [UInt8]? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var bytes: [UInt8] = []
        var bits = 0
        var count = 0
        for character in text.utf8 where character != UInt8(ascii: "=") {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
                bits &= (1 << count) - 1
            }
        }
        return bytes
    }
}
