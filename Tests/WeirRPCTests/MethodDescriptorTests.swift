// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirRPC

@Suite("A method descriptor")
struct MethodDescriptorTests {
    @Test("has the path that calls the method")
    func path() {
        let service = ServiceDescriptor(fullyQualifiedName: "weir.data.v1.DataService")
        let method = MethodDescriptor(service: service, name: "StreamDataset", kind: .serverStreaming)
        #expect(method.path == "/weir.data.v1.DataService/StreamDataset")
        #expect(method == MethodDescriptor(service: service, name: "StreamDataset", kind: .serverStreaming))
        #expect(method != MethodDescriptor(service: service, name: "StreamDataset", kind: .unary))
        #expect(method != MethodDescriptor(service: service, name: "Other", kind: .serverStreaming))
    }

    @Test(
        "has a kind that says which sides are streams",
        arguments: [
            (MethodKind.unary, false, false), (.clientStreaming, true, false), (.serverStreaming, false, true),
            (.bidirectionalStreaming, true, true),
        ])
    func kinds(kind: MethodKind, requests: Bool, responses: Bool) {
        #expect(kind.streamsRequests == requests)
        #expect(kind.streamsResponses == responses)
    }
}
