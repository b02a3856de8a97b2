// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// The flags by which interoperability runners say how connections are to be secured.
///
/// Named as gRPC's servers name them. Their files mean something only together with TLS or ALTS, and are accepted without.
struct SecurityOptions: ParsableArguments {
    @Option(
        name: .interop("use_tls"), defaultAsFlag: InteropFlag.on,
        help: ArgumentHelp("Serve TLS, which is not there yet: only false is possible.", valueName: "true|false"))
    var useTLS: InteropFlag?
    @Option(
        name: .interop("use_alts"), defaultAsFlag: InteropFlag.on,
        help: ArgumentHelp("Serve ALTS, which exists only at Google: only false is possible.", valueName: "true|false"))
    var useALTS: InteropFlag?
    @Option(
        name: .interop("tls_cert_file"), help: ArgumentHelp("Certificate chain for TLS; unused.", valueName: "file"))
    var certificateFile: String?
    @Option(name: .interop("tls_key_file"), help: ArgumentHelp("Private key for TLS; unused.", valueName: "file"))
    var keyFile: String?
    @Option(
        name: .interop("alts_handshaker_service_address"),
        help: ArgumentHelp("Handshaker for ALTS; unused.", valueName: "address"))
    var handshakerAddress: String?
    @Option(
        name: .interop("custom_credentials_type"),
        help: ArgumentHelp("Credentials of the caller's own; only none or insecure is possible.", valueName: "name"))
    var credentials: String?

    func validate() throws {
        guard useTLS != .on else {
            throw ValidationError(
                "--use_tls: this server has no TLS yet; start it with --use_tls=false and connect in plaintext")
        }
        guard useALTS != .on else {
            throw ValidationError("--use_alts: this server has no ALTS; start it with --use_alts=false")
        }
        guard ["", "none", "insecure", "insecure_credentials"].contains(credentials ?? "") else {
            throw ValidationError(
                "--custom_credentials_type: there are no credentials of the type \(credentials ?? "")")
        }
    }
}

/// A flag that is on when it stands alone, and may be given a value as gRPC's servers take it.
enum InteropFlag: String, ExpressibleByArgument {
    case on = "true"
    case off = "false"

    init?(argument: String) {
        switch argument.lowercased() {
        case "true", "t", "1", "yes", "y": self = .on
        case "false", "f", "0", "no", "n": self = .off
        default: return nil
        }
    }

    var description: String { rawValue }
}

extension NameSpecification {
    /// A flag under the name that gRPC's servers have for it, which those in Go write with one dash as well.
    static func interop(_ name: String) -> NameSpecification {
        [.customLong(name), .customLong(name, withSingleDash: true)]
    }
}
