// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirBackpressure
import WeirProtobuf
import WeirRPC
import WeirServer
import WeirTesting

/// A service whose calls take the time that their request says, in milliseconds.
private struct Sleeper: Service {
    static let name = ServiceDescriptor(fullyQualifiedName: "test.Sleeper")
    static let sleep = MethodDescriptor(service: name, name: "Sleep", kind: .unary)
    static let other = MethodDescriptor(service: name, name: "Other", kind: .unary)
    static let ticks = MethodDescriptor(service: name, name: "Ticks", kind: .serverStreaming)
    static let upload = MethodDescriptor(service: name, name: "Upload", kind: .clientStreaming)

    let clock: VirtualClock
    let started = Shared(0)

    func register(with router: inout Router) {
        for method in [Self.sleep, Self.other] {
            router.unary(method, Note.self, Note.self) { request, _ in
                started.update { $0 += 1 }
                switch request.text {
                case "fail": throw RPCError(.internalError, "as it was told")
                case "wrong": throw RPCError(.invalidArgument, "as it was told")
                case "behind":
                    var generator = SystemRandomNumberGenerator()
                    throw Rejection(.breakerOpen, policy: "breaker", retryAfter: .never).error(using: &generator)
                default: break
                }
                try await clock.sleep(for: .milliseconds(Int(request.text) ?? 0))
                return request
            }
        }
        router.serverStreaming(Self.ticks, Note.self, Note.self) { request, stream, _ in
            started.update { $0 += 1 }
            try await stream.send(request)
            try await clock.sleep(for: .milliseconds(Int(request.text) ?? 0))
        }
        router.clientStreaming(Self.upload, Note.self, Note.self) { requests, _ in
            started.update { $0 += 1 }
            var count = 0
            for try await _ in requests { count += 1 }
            return Note("\(count)")
        }
    }
}

/// Keeps how calls ended.
private struct Outcomes: PolicyObserver {
    let all: Shared<[CallOutcome]>

    init(_ all: Shared<[CallOutcome]>) { self.all = all }

    func observe(_ event: PolicyEvent) {
        if case .ended(_, let outcome, _) = event { all.update { $0.append(outcome) } }
    }
}

@Suite("Admission")
struct AdmissionTests {
    private let clock = VirtualClock()
    private let service: Sleeper

    init() {
        service = Sleeper(clock: clock)
    }

    private func simulation(
        _ admission: ServerAdmission = ServerAdmission(), _ configure: (inout ServerConfiguration) -> Void = { _ in }
    ) throws -> Simulation {
        var configuration = ServerConfiguration()
        configure(&configuration)
        return try Simulation(
            clock: clock, configuration: configuration, services: [service], admission: admission)
    }

    /// A client that makes calls, each with its request at once.
    private func calls(
        _ method: MethodDescriptor, _ texts: [String], _ fields: [(String, String)] = [], in simulation: Simulation
    ) -> SimulatedClient {
        var frames: [RawFrame] = []
        for (number, text) in texts.enumerated() {
            let stream = Int32(2 * number + 1)
            frames += [.call(method.path, stream: stream, fields), .note(text, stream: stream, ends: true)]
        }
        return simulation.connect(ScriptClient(frames))
    }

    private func statuses(_ client: SimulatedClient, _ count: Int) -> [String?] {
        (0..<count).map { client.peer[Int32(2 * $0 + 1)].status }
    }

    // MARK: - Rejection

    @Test("a call beyond the limit gets trailers alone, with the reason and when to come back, and no handler")
    func rejection() throws {
        let simulation = try simulation(ServerAdmission(AdmissionChain(limits: [ConcurrencyLimit(2)])))
        let client = calls(Sleeper.sleep, ["500", "500", "500"], in: simulation)
        try simulation.run(for: .milliseconds(100))
        let refused = client.peer[5]
        #expect(refused.order == "H", "trailers alone")
        #expect(refused.ended)
        #expect(refused.status == "14")
        #expect(refused.message?.contains("as many calls are running as may") == true)
        let pushback = try #require(refused.sections.last?["grpc-retry-pushback-ms"].flatMap { Int($0) })
        // Nothing has ended yet, so a second is assumed, and half of it at most is added.
        #expect((1_000...1_500).contains(pushback))
        let details = try #require(refused.sections.last?["grpc-status-details-bin"])
        #expect(details.isEmpty == false)
        #expect(service.started.value == 2)
        try simulation.run(for: .seconds(1))
        #expect(statuses(client, 3) == ["0", "0", "14"])
    }

    @Test("places come back when calls end, fail, or are cancelled by their clients")
    func placesComeBack() throws {
        let limit = ConcurrencyLimit(3)
        let simulation = try simulation(ServerAdmission(AdmissionChain(limits: [limit])))
        let client = simulation.connect(
            ScriptClient([
                .send(
                    after: .zero,
                    [
                        .call(Sleeper.sleep.path, stream: 1), .note("100", stream: 1, ends: true),
                        .call(Sleeper.sleep.path, stream: 3), .note("fail", stream: 3, ends: true),
                        .call(Sleeper.sleep.path, stream: 5), .note("9000", stream: 5, ends: true),
                    ]),
                .send(after: .milliseconds(200), [.reset(5, code: 8)]),
            ]))
        try simulation.run(for: .milliseconds(50))
        #expect(limit.inUse == 2)
        try simulation.run(for: .milliseconds(300))
        #expect(limit.inUse == 0)
        #expect(client.peer[1].status == "0")
        #expect(client.peer[3].status == "13")
    }

    @Test("the rate is the caller's own and says when the bucket holds a token again")
    func rate() throws {
        let simulation = try simulation { $0.admission.rateLimit = 2 }
        let client = calls(Sleeper.sleep, ["0", "0", "0"], in: simulation)
        try simulation.run(for: .milliseconds(10))
        #expect(statuses(client, 3) == ["0", "0", "8"])
        let pushback = try #require(
            client.peer[5].sections.last?["grpc-retry-pushback-ms"].flatMap { Int($0) })
        #expect((400...750).contains(pushback), "half a second for a token, and up to half of that")
    }

    // MARK: - Waiting

    @Test("a call waits for its place without a handler, and runs when one is free")
    func waiting() throws {
        let simulation = try simulation { configuration in
            configuration.admission.concurrencyLimit = 1
            configuration.admission.queueCapacity = 4
            configuration.admission.queueTimeout = .seconds(5)
        }
        let client = calls(Sleeper.sleep, ["300", "300"], in: simulation)
        try simulation.run(for: .milliseconds(200))
        #expect(service.started.value == 1)
        try simulation.run(for: .milliseconds(200))
        #expect(service.started.value == 2)
        try simulation.run(for: .milliseconds(300))
        #expect(statuses(client, 2) == ["0", "0"])
    }

    @Test("a wait that takes too long ends on time, though nothing else happens")
    func waitingEnds() throws {
        let simulation = try simulation { configuration in
            configuration.admission.concurrencyLimit = 1
            configuration.admission.queueCapacity = 4
            configuration.admission.queueTimeout = .milliseconds(700)
        }
        let client = calls(Sleeper.sleep, ["60000", "0"], in: simulation)
        try simulation.run(for: .milliseconds(690))
        #expect(client.peer[3].status == nil)
        try simulation.run(for: .milliseconds(20))
        #expect(client.peer[3].status == "14")
        #expect(service.started.value == 1)
    }

    @Test("a client that goes away while it waits gives its place in the queue back", arguments: [true, false])
    func waitingIsAbandoned(byReset: Bool) throws {
        let queue = BoundedQueue(capacity: 1, discipline: .firstInFirstOut(timeout: .seconds(100)))
        let limit = ConcurrencyLimit(1)
        let simulation = try simulation(ServerAdmission(AdmissionChain(queue: queue, limits: [limit])))
        let frames: [RawFrame] = [
            .call(Sleeper.sleep.path, stream: 1), .note("1000", stream: 1, ends: true),
            .call(Sleeper.sleep.path, stream: 3, byReset ? [] : [("grpc-timeout", "200m")]),
            .note("0", stream: 3, ends: true),
        ]
        let client = simulation.connect(
            ScriptClient(
                [.send(after: .zero, frames)]
                    + (byReset ? [.send(after: .milliseconds(200), [.reset(3, code: 8)])] : [])))
        try simulation.run(for: .milliseconds(100))
        #expect(queue.length == 1)
        try simulation.run(for: .milliseconds(200))
        #expect(queue.length == 0)
        if !byReset { #expect(client.peer[3].status == "4") }
        try simulation.run(for: .seconds(2))
        #expect(service.started.value == 1)
        #expect(limit.inUse == 0)
    }

    @Test("a connection that ends takes its waiting and its running calls with it")
    func connectionEnds() throws {
        let queue = BoundedQueue(capacity: 8, discipline: .firstInFirstOut(timeout: .seconds(100)))
        let limit = ConcurrencyLimit(2)
        let simulation = try simulation(ServerAdmission(AdmissionChain(queue: queue, limits: [limit])))
        var frames: [RawFrame] = []
        for stream in stride(from: Int32(1), through: 11, by: 2) {
            frames += [.call(Sleeper.sleep.path, stream: stream), .note("60000", stream: stream, ends: true)]
        }
        _ = simulation.connect(
            ScriptClient([.send(after: .zero, frames), .close(after: .milliseconds(100))]))
        try simulation.run(for: .milliseconds(50))
        #expect(queue.length == 4)
        try simulation.run(for: .milliseconds(100))
        #expect(queue.length == 0)
        #expect(limit.inUse == 0)
        #expect(service.started.value == 2, "nobody's turn came when two places were given back by those who had gone")
    }

    // MARK: - Scopes

    @Test("a call passes its method's chain, its service's and the server's, and gives back what it does not use")
    func scopes() throws {
        let (server, service, method) = (ConcurrencyLimit(3), ConcurrencyLimit(2), ConcurrencyLimit(1))
        let rate = RateLimit(perSecond: 0.001, burst: 3)
        let simulation = try simulation(
            ServerAdmission(
                AdmissionChain(limits: [server]), services: ["test.Sleeper": AdmissionChain(limits: [service])],
                methods: [Sleeper.sleep.path: AdmissionChain([rate], limits: [method])]))
        let one = calls(Sleeper.other, ["500", "500"], in: simulation)
        try simulation.run(for: .milliseconds(10))
        #expect(service.inUse == 2)
        let two = calls(Sleeper.sleep, ["0"], in: simulation)
        try simulation.run(for: .milliseconds(10))
        #expect(statuses(two, 1) == ["14"])
        #expect((server.inUse, service.inUse, method.inUse) == (2, 2, 0))
        // A bucket that is full again may be forgotten.
        #expect((rate.tokens(of: "", at: PolicyInstant(clock.now.sinceStart)) ?? 3) == 3, "the token came back")
        try simulation.run(for: .seconds(1))
        let three = calls(Sleeper.sleep, ["0"], in: simulation)
        try simulation.run(for: .milliseconds(10))
        #expect(statuses(one, 2) == ["0", "0"])
        #expect(statuses(three, 1) == ["0"])
        #expect((server.inUse, service.inUse, method.inUse) == (0, 0, 0))
    }

    @Test("a limit of one method leaves another alone")
    func otherMethods() throws {
        let simulation = try simulation { configuration in
            configuration.overrides[Sleeper.sleep.path] = .init()
            configuration.overrides[Sleeper.sleep.path]?.admission.concurrencyLimit = 1
        }
        let one = calls(Sleeper.sleep, ["100", "100"], in: simulation)
        let two = calls(Sleeper.other, ["100", "100"], in: simulation)
        try simulation.run(for: .seconds(1))
        #expect(statuses(one, 2) == ["0", "14"])
        #expect(statuses(two, 2) == ["0", "0"])
    }

    @Test("the priority that a client claims decides who is shed, up to the ceiling")
    func priorities() throws {
        let load = ReportedLoad()
        let simulation = try simulation(ServerAdmission(AdmissionChain([LoadShedding(by: load)])))
        load.report(0.8)
        let low = calls(Sleeper.sleep, ["0"], [("weir-priority", "low")], in: simulation)
        let normal = calls(Sleeper.sleep, ["0"], in: simulation)
        try simulation.run(for: .milliseconds(10))
        #expect(statuses(low, 1) == ["14"])
        #expect(statuses(normal, 1) == ["0"])
        load.report(0.95)
        let critical = calls(Sleeper.sleep, ["0"], [("weir-priority", "critical")], in: simulation)
        try simulation.run(for: .milliseconds(10))
        #expect(statuses(critical, 1) == ["14"], "nobody makes itself critical")
    }

    // MARK: - Streams

    @Test("a stream gives a measured limit its place back with its first message, and a fixed one when it ends")
    func streams() throws {
        let (adaptive, fixed) = (AdaptiveLimit(AIMDLimit()), StreamLimit(maximumStreams: 5))
        let simulation = try simulation(ServerAdmission(AdmissionChain([fixed], limits: [adaptive])))
        _ = calls(Sleeper.ticks, ["1000"], in: simulation)
        try simulation.run(for: .milliseconds(10))
        #expect(adaptive.inFlight == 0)
        #expect(fixed.openStreams == 1)
        try simulation.run(for: .seconds(2))
        #expect(fixed.openStreams == 0)
    }

    @Test("a request that is a stream is not measured: its client decides how long it takes")
    func uploads() throws {
        let adaptive = AdaptiveLimit(AIMDLimit())
        let simulation = try simulation(ServerAdmission(AdmissionChain(limits: [adaptive])))
        let client = simulation.connect(
            ScriptClient([
                .send(after: .zero, [.call(Sleeper.upload.path), .note("a")]),
                .send(after: .seconds(3), [.note("b", ends: true)]),
            ]))
        try simulation.run(for: .seconds(1))
        #expect(service.started.value == 1)
        #expect(adaptive.inFlight == 0)
        try simulation.run(for: .seconds(3))
        #expect(client.response.status == "0")
    }

    @Test("a breaker opens when the handler keeps failing, and closes when it has recovered")
    func breaker() throws {
        let simulation = try simulation { configuration in
            configuration.admission.breakerFailures = 2
            configuration.admission.breakerReset = .seconds(5)
        }
        let failing = calls(Sleeper.sleep, ["fail", "fail"], in: simulation)
        try simulation.run(for: .milliseconds(10))
        let refused = calls(Sleeper.sleep, ["0"], in: simulation)
        try simulation.run(for: .milliseconds(10))
        #expect(statuses(failing, 2) == ["13", "13"])
        #expect(statuses(refused, 1) == ["14"])
        try simulation.run(for: .seconds(5))
        let again = calls(Sleeper.sleep, ["0"], in: simulation)
        try simulation.run(for: .milliseconds(10))
        #expect(statuses(again, 1) == ["0"])
    }

    @Test("a call's end teaches what it says of the server, and nothing when it says something of its client")
    func outcomes() throws {
        let events = Shared<[CallOutcome]>([])
        let observer = Outcomes(events)
        let simulation = try simulation(ServerAdmission(AdmissionChain(name: "all", observer: observer)))
        let end = { (text: String, fields: [(String, String)], isReset: Bool) throws -> [CallOutcome] in
            events.set([])
            let frames: [RawFrame] = [.call(Sleeper.sleep.path, fields), .note(text, ends: true)]
            simulation.connect(
                ScriptClient(
                    [.send(after: .zero, frames)]
                        + (isReset ? [.send(after: .milliseconds(50), [.reset(1, code: 8)])] : [])))
            try simulation.run(for: .seconds(2))
            return events.value
        }
        #expect(try end("10", [], false) == [.succeeded])
        #expect(try end("fail", [], false) == [.failed])
        #expect(try end("wrong", [], false) == [.ignored])
        #expect(try end("1000", [], true) == [.ignored])
        #expect(try end("1000", [("grpc-timeout", "50m")], false) == [.failed])
        #expect(try end("behind", [], false) == [.ignored])
    }

    // MARK: - Configuration

    @Test("what does not fit together is said before the server starts")
    func problems() {
        let problem = { (change: (inout AdmissionSettings) -> Void) -> String? in
            var configuration = ServerConfiguration()
            change(&configuration.admission)
            return configuration.problem
        }
        #expect(problem { $0.concurrencyLimit = 0 }?.contains("concurrencyLimit is 0") == true)
        #expect(problem { $0.queueCapacity = 10 }?.contains("queueCapacity needs a limit") == true)
        #expect(problem { $0.loadShedding = .smooth }?.contains("loadShedding needs a limit") == true)
        #expect(problem { $0.rateKey = .everyone }?.contains("rateKey needs a rateLimit") == true)
        #expect(problem { $0.breakerReset = .seconds(1) }?.contains("breakerReset needs breakerFailures") == true)
        #expect(
            problem {
                $0.concurrencyLimit = 5
                $0.adaptiveLimit = .gradient
            }?.contains("choose one") == true)
        #expect(
            problem { $0.bulkhead = BulkheadSettings(capacity: 4, by: .method, shares: ["a": .init(guaranteed: 5)]) }?
                .contains("keeps 5 places for a; it has 4") == true)
        #expect(problem { $0.rateLimit = .nan } != nil)
        #expect(problem { $0.adaptiveLimit = .gradient } == nil)
    }

    @Test("a chain for what is not served is an error")
    func unknownScope() {
        #expect(throws: ServerError.self) {
            try simulation(ServerAdmission(services: ["no.Such": AdmissionChain()]))
        }
        #expect(throws: ServerError.self) {
            try simulation(ServerAdmission(methods: ["/test.Sleeper/Nap": AdmissionChain()]))
        }
    }
}
