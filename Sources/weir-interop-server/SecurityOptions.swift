// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// The flags by which interoperability runners say how connections are to be secured.
///
/// Named as gRPC's servers name them. Their files mean something only together with TLS, and are accepted without.
struct SecurityOptions: ParsableArguments {
    @Option(
        name: .customLong("use_tls"),
        help: ArgumentHelp("Serve TLS, which is not there yet: only false is possible.", valueName: "true|false"))
    var useTLS = InteropFlag.off
    @Option(
        name: .customLong("use_alts"),
        help: ArgumentHelp("Serve ALTS, which is Google's own: only false is possible.", valueName: "true|false"))
    var useALTS = InteropFlag.off
    @Option(
        name: .customLong("tls_cert_file"), help: ArgumentHelp("Certificate chain for TLS; unused.", valueName: "file"))
    var certificateFile: String?
    @Option(name: .customLong("tls_key_file"), help: ArgumentHelp("Private key for TLS; unused.", valueName: "file"))
    var keyFile: String?
    @Option(
        name: .customLong("alts_handshaker_service_address"),
        help: ArgumentHelp("Handshaker for ALTS; unused.", valueName: "address"))
    var handshakerAddress: String?

    func validate() throws {
        guard useTLS == .off else {
            throw ValidationError(
                "--use_tls: there is no TLS yet; start the server and its clients with --use_tls=false")
        }
        guard useALTS == .off else {
            throw ValidationError(
                "--use_alts: there is no ALTS; start the server and its clients with --use_alts=false")
        }
    }
}
