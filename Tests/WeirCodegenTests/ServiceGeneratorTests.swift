// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirCodegen

/// What is generated from services, as whole texts.
@Suite struct ServiceGeneratorTests {
    static let proto = """
        syntax = "proto3";
        package a.v1;
        message Question {}
        message Answer {}
        // Answers.
        service Oracle {
          // Answers once.
          rpc AskOnce(Question) returns (Answer);
          rpc Listen(Question) returns (stream Answer);
        }
        """

    @Test("A service with its protocol and its registration")
    func server() throws {
        let text = try generate(Self.proto, .init(visibility: .public))
        #expect(text.contains("public import WeirProtobuf\npublic import WeirRPC\npublic import WeirServer\n\n"))
        #expect(
            text.hasSuffix(
                """
                /// Answers.
                public nonisolated enum A_V1_Oracle {
                    /// The name of the service.
                    public static let descriptor = ServiceDescriptor(fullyQualifiedName: "a.v1.Oracle")

                    /// The methods of the service.
                    public nonisolated enum Method {
                        /// Answers once.
                        public nonisolated enum AskOnce {
                            /// What the client sends.
                            public typealias Input = A_V1_Question
                            /// What the server answers.
                            public typealias Output = A_V1_Answer
                            /// The name and the kind of the method.
                            public static let descriptor = MethodDescriptor(
                                service: A_V1_Oracle.descriptor, name: "AskOnce", kind: .unary)
                        }

                        /// The method `a.v1.Oracle.Listen`.
                        public nonisolated enum Listen {
                            /// What the client sends.
                            public typealias Input = A_V1_Question
                            /// What the server answers.
                            public typealias Output = A_V1_Answer
                            /// The name and the kind of the method.
                            public static let descriptor = MethodDescriptor(
                                service: A_V1_Oracle.descriptor, name: "Listen", kind: .serverStreaming)
                        }

                        /// All methods, in the order of the `.proto` file.
                        public static let all: [MethodDescriptor] = [AskOnce.descriptor, Listen.descriptor]
                    }

                    /// What a server implements that wants every method as streams, whatever its kind.
                    ///
                    /// A method that takes one message finds it in `requests`; one that answers with one must send exactly one.
                    public nonisolated protocol StreamingServiceProtocol: Service {
                        /// Answers once.
                        nonisolated(nonsending) func askOnce(
                            _ requests: RequestStream<Method.AskOnce.Input>, stream: ResponseStream<Method.AskOnce.Output>, context: CallContext
                        ) async throws

                        /// The method `a.v1.Oracle.Listen`.
                        nonisolated(nonsending) func listen(
                            _ requests: RequestStream<Method.Listen.Input>, stream: ResponseStream<Method.Listen.Output>, context: CallContext
                        ) async throws
                    }

                    /// What a server of this service implements: typed messages and streams, with the call's context.
                    public nonisolated protocol ServiceProtocol: StreamingServiceProtocol {
                        /// Answers once.
                        nonisolated(nonsending) func askOnce(
                            _ request: Method.AskOnce.Input, context: CallContext
                        ) async throws -> Method.AskOnce.Output

                        /// The method `a.v1.Oracle.Listen`.
                        nonisolated(nonsending) func listen(
                            _ request: Method.Listen.Input, stream: ResponseStream<Method.Listen.Output>, context: CallContext
                        ) async throws
                    }

                    /// What a server implements that needs no more than the messages.
                    public nonisolated protocol SimpleServiceProtocol: ServiceProtocol {
                        /// Answers once.
                        nonisolated(nonsending) func askOnce(
                            _ request: Method.AskOnce.Input
                        ) async throws -> Method.AskOnce.Output

                        /// The method `a.v1.Oracle.Listen`.
                        nonisolated(nonsending) func listen(
                            _ request: Method.Listen.Input, stream: ResponseStream<Method.Listen.Output>
                        ) async throws
                    }
                }

                nonisolated extension A_V1_Oracle.StreamingServiceProtocol {
                    /// The name of the service.
                    public static var descriptor: ServiceDescriptor { A_V1_Oracle.descriptor }

                    /// Registers every method with `router`.
                    public func register(with router: inout Router) {
                        router.streaming(
                            A_V1_Oracle.Method.AskOnce.descriptor,
                            A_V1_Oracle.Method.AskOnce.Input.self, A_V1_Oracle.Method.AskOnce.Output.self
                        ) { requests, stream, context in
                            try await self.askOnce(requests, stream: stream, context: context)
                        }
                        router.streaming(
                            A_V1_Oracle.Method.Listen.descriptor,
                            A_V1_Oracle.Method.Listen.Input.self, A_V1_Oracle.Method.Listen.Output.self
                        ) { requests, stream, context in
                            try await self.listen(requests, stream: stream, context: context)
                        }
                    }
                }

                nonisolated extension A_V1_Oracle.ServiceProtocol {
                    /// Registers every method with `router`.
                    public func register(with router: inout Router) {
                        router.unary(
                            A_V1_Oracle.Method.AskOnce.descriptor,
                            A_V1_Oracle.Method.AskOnce.Input.self, A_V1_Oracle.Method.AskOnce.Output.self
                        ) { request, context in
                            try await self.askOnce(request, context: context)
                        }
                        router.serverStreaming(
                            A_V1_Oracle.Method.Listen.descriptor,
                            A_V1_Oracle.Method.Listen.Input.self, A_V1_Oracle.Method.Listen.Output.self
                        ) { request, stream, context in
                            try await self.listen(request, stream: stream, context: context)
                        }
                    }

                    /// The method as streams.
                    public nonisolated(nonsending) func askOnce(
                        _ requests: RequestStream<A_V1_Oracle.Method.AskOnce.Input>, stream: ResponseStream<A_V1_Oracle.Method.AskOnce.Output>, context: CallContext
                    ) async throws {
                        try await stream.send(try await self.askOnce(try await requests.only(), context: context))
                    }

                    /// The method as streams.
                    public nonisolated(nonsending) func listen(
                        _ requests: RequestStream<A_V1_Oracle.Method.Listen.Input>, stream: ResponseStream<A_V1_Oracle.Method.Listen.Output>, context: CallContext
                    ) async throws {
                        try await self.listen(try await requests.only(), stream: stream, context: context)
                    }
                }

                nonisolated extension A_V1_Oracle.SimpleServiceProtocol {
                    /// The method with its context.
                    public nonisolated(nonsending) func askOnce(
                        _ request: A_V1_Oracle.Method.AskOnce.Input, context: CallContext
                    ) async throws -> A_V1_Oracle.Method.AskOnce.Output {
                        try await self.askOnce(request)
                    }

                    /// The method with its context.
                    public nonisolated(nonsending) func listen(
                        _ request: A_V1_Oracle.Method.Listen.Input, stream: ResponseStream<A_V1_Oracle.Method.Listen.Output>, context: CallContext
                    ) async throws {
                        try await self.listen(request, stream: stream)
                    }
                }

                """))
    }

    @Test("Methods that take a stream of requests")
    func requestStreams() throws {
        let text = try generate(
            """
            syntax = "proto3";
            package a.v1;
            message Note {}
            message Summary {}
            service Diary {
              rpc Record(stream Note) returns (Summary);
              rpc Chat(stream Note) returns (stream Note);
            }
            """, .init())
        let types = try declaration("nonisolated enum A_V1_Diary {", in: text)
        #expect(
            types.contains(
                """
                            static let descriptor = MethodDescriptor(
                                service: A_V1_Diary.descriptor, name: "Record", kind: .clientStreaming)
                """))
        #expect(
            types.contains(
                """
                    nonisolated protocol ServiceProtocol: StreamingServiceProtocol {
                        /// The method `a.v1.Diary.Record`.
                        nonisolated(nonsending) func record(
                            _ requests: RequestStream<Method.Record.Input>, context: CallContext
                        ) async throws -> Method.Record.Output

                        /// The method `a.v1.Diary.Chat`.
                        nonisolated(nonsending) func chat(
                            _ requests: RequestStream<Method.Chat.Input>, stream: ResponseStream<Method.Chat.Output>, context: CallContext
                        ) async throws
                    }

                """))
        #expect(
            types.hasSuffix(
                """
                    nonisolated protocol SimpleServiceProtocol: ServiceProtocol {
                        /// The method `a.v1.Diary.Record`.
                        nonisolated(nonsending) func record(
                            _ requests: RequestStream<Method.Record.Input>
                        ) async throws -> Method.Record.Output

                        /// The method `a.v1.Diary.Chat`.
                        nonisolated(nonsending) func chat(
                            _ requests: RequestStream<Method.Chat.Input>, stream: ResponseStream<Method.Chat.Output>
                        ) async throws
                    }
                }
                """))
        let registration = try declaration("nonisolated extension A_V1_Diary.ServiceProtocol {", in: text)
        // A bidirectional method is the same at both depths.
        #expect(registration.contains("func record("))
        #expect(!registration.contains("func chat("))
        #expect(
            registration.contains(
                """
                    func register(with router: inout Router) {
                        router.clientStreaming(
                            A_V1_Diary.Method.Record.descriptor,
                            A_V1_Diary.Method.Record.Input.self, A_V1_Diary.Method.Record.Output.self
                        ) { requests, context in
                            try await self.record(requests, context: context)
                        }
                        router.bidirectionalStreaming(
                            A_V1_Diary.Method.Chat.descriptor,
                            A_V1_Diary.Method.Chat.Input.self, A_V1_Diary.Method.Chat.Output.self
                        ) { requests, stream, context in
                            try await self.chat(requests, stream: stream, context: context)
                        }
                    }
                """))
    }

    @Test("Without a server there are only descriptors, of all four kinds")
    func descriptors() throws {
        let text = try generate(
            """
            syntax = "proto3";
            import "google/protobuf/timestamp.proto";
            service Times {
              rpc Now(google.protobuf.Timestamp) returns (google.protobuf.Timestamp);
              rpc Up(stream google.protobuf.Timestamp) returns (google.protobuf.Timestamp);
              rpc Down(google.protobuf.Timestamp) returns (stream google.protobuf.Timestamp);
              rpc Both(stream google.protobuf.Timestamp) returns (stream google.protobuf.Timestamp);
            }
            """)
        #expect(text.contains("import WeirProtobuf\nimport WeirRPC\n\n"))
        #expect(!text.contains("WeirServer"))
        #expect(!text.contains("ServiceProtocol"))
        #expect(text.contains("typealias Input = Google_Protobuf_Timestamp\n"))
        let kinds = text.split(separator: "kind: .").dropFirst().map { $0.prefix { $0.isLetter } }
        #expect(kinds == ["unary", "clientStreaming", "serverStreaming", "bidirectionalStreaming"])
    }

    static let names: [(String, type: String, function: String)] = [
        ("ListDatasets", "ListDatasets", "listDatasets"),
        ("HTTPGet", "HTTPGet", "httpGet"),
        ("GET", "GET", "get"),
        ("get", "Get", "get"),
        ("X", "X", "x"),
        ("Type", "Type_", "type"),
        ("Repeat", "Repeat", "`repeat`"),
    ]

    @Test("A method's type and function have Swift names", arguments: names.indices)
    func methodNames(index: Int) throws {
        let (name, type, function) = Self.names[index]
        let text = try generate(
            """
            syntax = "proto3";
            message M {}
            service S { rpc \(name)(M) returns (M); }
            """, .init())
        #expect(text.contains("nonisolated enum \(type) {"))
        #expect(text.contains("func \(function)(\n"))
        #expect(text.contains("try await self.\(function)(request"))
        #expect(text.contains("name: \"\(name)\""))
    }
}
