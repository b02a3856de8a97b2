// SPDX-License-Identifier: Apache-2.0

/// A request that is well-formed HTTP and no gRPC call: somebody with a browser, a health probe, a wrong content-type.
package struct PlainRequest: Hashable, Sendable {
    /// The value of `:method`, as far as it matters here.
    package enum Method: Hashable, Sendable {
        case get, head, post, other
    }

    /// The value of `:method`.
    package var method: Method
    /// The value of `:path` without its query; empty when it was missing (CONNECT) or too long to be kept.
    package var path: String

    /// A request of that method and path.
    package init(method: Method, path: String) {
        self.method = method
        self.path = String(path.prefix { $0 != "?" })
    }

    /// The paths that are answered with 200.
    private enum Page {
        case about, health
    }

    private var page: Page? {
        switch path {
        case "/": .about
        case "/healthz": .health
        default: nil
        }
    }

    /// What to answer; `isRPC` says whether the path leads to a method of a service, `isDraining` whether the server ends.
    package func answer(isRPC: Bool, isDraining: Bool) -> HTTPAnswer {
        if isRPC {
            guard method == .post else { return .methodNotAllowed("POST", "gRPC calls use the method POST") }
            return HTTPAnswer(
                status: 415,
                text:
                    "this is a gRPC method: its content-type is application/grpc, and a gRPC client is the way to call it"
            )
        }
        guard let page else {
            return HTTPAnswer(
                status: 404,
                text: "there is nothing at this path; gRPC calls are POST /package.Service/Method with content-type "
                    + "application/grpc")
        }
        guard method != .other else {
            return .methodNotAllowed("GET, HEAD, POST", "this page has the methods GET, HEAD and POST")
        }
        switch page {
        case .about:
            return HTTPAnswer(
                status: 200,
                text: "This is a gRPC server (Weir). It speaks HTTP/2: call it with a gRPC client, as POST "
                    + "/package.Service/Method with content-type application/grpc. /healthz tells whether it serves.")
        case .health:
            return isDraining ? HTTPAnswer(status: 503, text: "draining") : HTTPAnswer(status: 200, text: "serving")
        }
    }

    /// Most bytes of a body that are read for the sake of an answer.
    ///
    /// Nobody needs them; a client that sends more is told 413 (RFC 9110 §15.5.14).
    package static var maximumBodyBytes: Int { 64 * 1024 }
}
