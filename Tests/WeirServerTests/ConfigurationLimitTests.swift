// SPDX-License-Identifier: Apache-2.0

import Testing
import WeirServer

@Suite("ServerConfiguration: what may not be asked for")
struct ConfigurationLimitTests {
    @Test("threads have a limit, and up to it are allowed", arguments: [(1_024, true), (1_025, false), (.max, false)])
    func threads(count: Int, isAllowed: Bool) {
        var configuration = ServerConfiguration()
        configuration.threads = count
        #expect((configuration.problem == nil) == isAllowed)
    }

    @Test(
        "the header list's limit has a limit, so that four times it is a number",
        arguments: [(16 << 20, true), ((16 << 20) + 1, false), (1 << 61, false), (.max, false)])
    func headerList(bytes: Int, isAllowed: Bool) {
        var configuration = ServerConfiguration()
        configuration.maximumHeaderListBytes = bytes
        #expect((configuration.problem == nil) == isAllowed)
    }

    @Test("a limit of no bytes for responses is refused, for the server and for a method", arguments: [0, -1, .min])
    func responses(bytes: Int) {
        var configuration = ServerConfiguration()
        configuration.maximumResponseBytes = bytes
        #expect(configuration.problem != nil)
        configuration.maximumResponseBytes = 1
        #expect(configuration.problem == nil)
        var settings = ServerConfiguration.MethodSettings()
        settings.maximumResponseBytes = bytes
        configuration.overrides["a.B"] = settings
        #expect(configuration.problem != nil)
    }

    @Test("a host with a NUL is refused, not cut there")
    func host() {
        var configuration = ServerConfiguration()
        configuration.host = "127.0.0.1\0b"
        #expect(configuration.problem != nil)
    }
}
