// SPDX-License-Identifier: Apache-2.0

public import WeirRPC

/// What is known of a call before its handler runs, for policies to decide by.
public struct CallFacts: Sendable {
    /// The method's full name, `package.Service/Method`, as it is registered; never an unchecked path from the wire.
    public var method: String
    /// The client's address without its port, or another name for where the call comes from.
    public var peer: String
    /// Whom the client's certificate names, if it showed one.
    public var certificate: String?
    /// The request's metadata.
    public var metadata: Metadata
    /// How much the call matters.
    public var priority: CallPriority
    /// When the caller gives up; nil when it said nothing.
    public var deadline: PolicyInstant?
    /// Whether the response is a stream: it then holds places and bytes, and its length is no measure of latency.
    public var isStreaming: Bool
    /// Whether the request is a stream, so that how long the call takes is up to its client.
    ///
    /// Limits that learn from latency neither hold such calls nor learn from them; bound them by number.
    public var isUpload: Bool
    /// What the call counts in a rate, normally 1.
    public var cost: Int

    /// Facts about a call.
    public init(
        method: String,
        peer: String = "",
        certificate: String? = nil,
        metadata: Metadata = Metadata(),
        priority: CallPriority = .normal,
        deadline: PolicyInstant? = nil,
        isStreaming: Bool = false,
        isUpload: Bool = false,
        cost: Int = 1
    ) {
        self.method = method
        self.peer = peer
        self.certificate = certificate
        self.metadata = metadata
        self.priority = priority
        self.deadline = deadline
        self.isStreaming = isStreaming
        self.isUpload = isUpload
        self.cost = cost
    }

    /// The priority that the caller asks for in its metadata, at most `ceiling`; `.normal` when it asks for none.
    ///
    /// The name is `weir-priority` unless you choose another. What a caller says of itself is a wish: the ceiling is what
    /// an unknown caller may wish for.
    public static func priority(
        in metadata: Metadata, name: String = "weir-priority", ceiling: CallPriority = .high
    ) -> CallPriority {
        guard let text = metadata[string: name], let priority = CallPriority(name: text) else {
            return min(.normal, ceiling)
        }
        return min(priority, ceiling)
    }

    /// The part of ``method`` before the slash; all of it when there is none.
    public var service: Substring {
        method.prefix { $0 != "/" }
    }
}
