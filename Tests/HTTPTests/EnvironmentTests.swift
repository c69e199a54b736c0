import Encodings
import Foundation
import HTTP
import Testing

extension HTTPClientTests {
    /// Each in a process of its own: the environment belongs to the whole of one.
    @Suite struct Environment {
        private func recorded(_ server: Server) async throws -> [String] {
            let address = try WebAddress(Text("http://127.0.0.1:\(server.port("proxy"))/recorded"))
            return try JSONDecoder().decode(
                [String].self, from: Data(try await server.client().send(.get(address)).body))
        }

        @Test("https_proxy is asked for a connection, by the name and without being believed")
        func httpsProxy() async throws {
            let server = try Server.current
            await #expect(processExitsWith: .success) { [server = server as Server] in
                forgetProxies()
                change("https_proxy", "http://127.0.0.1:\(try server.port("proxy"))")
                let address = try WebAddress("https://one.pair.test/empty?is=404")
                let response = try await server.client().send(.get(address))
                #expect(response.status == 404)
                #expect(response.entityTag == nil, "the proxy's own header")
            }
            #expect(try await recorded(server).contains("CONNECT one.pair.test:443"))
        }

        @Test("all_proxy is asked too, and the certificate must be for the name behind it")
        func allProxy() async throws {
            let server = try Server.current
            await #expect(processExitsWith: .success) { [server = server as Server] in
                forgetProxies()
                change("ALL_PROXY", "http://127.0.0.1:\(try server.port("proxy"))")
                let address = try WebAddress("https://two.other.test/")
                let failure = await failure(of: .get(address), by: server.client())
                #expect(failure?.kind == .certificate(.otherHost, detail: ""))
            }
            #expect(try await recorded(server).contains("CONNECT two.other.test:443"))
        }

        @Test("no_proxy is heeded")
        func noProxy() async throws {
            let server = try Server.current
            await #expect(processExitsWith: .success) { [server = server as Server] in
                forgetProxies()
                change("https_proxy", "http://127.0.0.1:\(try server.port("proxy"))")
                change("no_proxy", "three.invalid")
                let failure = await failure(of: .get(try WebAddress("https://three.invalid/")), by: server.client())
                #expect(failure == .couldNotResolve(detail: "Could not resolve host: three.invalid"))
            }
            #expect(try await !recorded(server).contains { $0.contains("three") })
        }

        @Test("no proxy is asked for this machine itself")
        func loopback() async throws {
            let server = try Server.current
            await #expect(processExitsWith: .success) { [server = server as Server] in
                forgetProxies()
                for name in ["http_proxy", "https_proxy", "all_proxy"] {
                    change(name, "http://127.0.0.1:\(try server.port("unused"))")
                }
                for (name, host) in [("http", "127.0.0.1"), ("http", "localhost"), ("https", "127.0.0.1")] {
                    let address = try server.address(name, host: host)
                    #expect(try await server.client().send(.get(address)).status == 200)
                }
            }
        }

        @Test("a proxy that refuses, or is not there, is said to be the proxy")
        func refusingProxy() async throws {
            let server = try Server.current
            await #expect(processExitsWith: .success) { [server = server as Server] in
                forgetProxies()
                change("https_proxy", "http://127.0.0.1:\(try server.port("proxy"))")
                let refused = await failure(of: .get(try WebAddress("https://refused.test/")), by: server.client())
                #expect(refused?.kind == .proxy(detail: ""))
                change("https_proxy", "http://nobody.invalid:3128")
                let unknown = await failure(of: .get(try WebAddress("https://refused.test/")), by: server.client())
                #expect(unknown?.kind == .proxy(detail: ""))
            }
        }

        @Test("SSL_CERT_FILE names whom to trust")
        func certificateFile() async throws {
            let server = try Server.current
            await #expect(processExitsWith: .success) { [server = server as Server] in
                forgetProxies()
                change("SSL_CERT_FILE", nil)
                #expect(HTTPClient(userAgent: "x").caFile == nil)
                change("SSL_CERT_FILE", "")
                #expect(HTTPClient(userAgent: "x").caFile == nil)
                change("SSL_CERT_FILE", server.ca)
                let response = try await HTTPClient(userAgent: "x").send(.get(server.address("https")))
                #expect(response.status == 200)
            }
        }

        @Test("TLS older than 1.2 is refused, whatever the machine's configuration says")
        func outdated() async throws {
            let server = try Server.current
            await #expect(processExitsWith: .success) { [server = server as Server] in
                change("OPENSSL_CONF", server.path("permissive.cnf"))
                let failure = await failure(of: .get(try server.address("outdated")), by: server.client())
                #expect(failure?.kind == .tls(detail: ""))
            }
        }

        @Test("a name that nobody has is said")
        func unknownName() async throws {
            await #expect(processExitsWith: .success) {
                forgetProxies()
                let client = HTTPClient(userAgent: "pair/test", timeout: Seconds(20), connectTimeout: Seconds(20))
                let failure = await failure(of: .get(try WebAddress("https://nobody.invalid/")), by: client)
                #expect(failure == .couldNotResolve(detail: "Could not resolve host: nobody.invalid"))
            }
        }
    }
}

/// Changes the environment of this process, which must have no other thread yet.
private func change(_ name: String, _ value: String?) {
    if let value {
        unsafe setenv(name, value, 1)
    } else {
        unsafe unsetenv(name)
    }
}

/// Takes away what the machine that runs the tests may have set.
private func forgetProxies() {
    for name in ["https_proxy", "all_proxy", "no_proxy"] {
        change(name, nil)
        change(name.uppercased(), nil)
    }
}
