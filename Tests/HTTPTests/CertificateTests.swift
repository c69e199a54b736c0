import Encodings
import HTTP
import Testing

extension HTTPClientTests {
    @Suite struct Certificates {
        static let defects: [(String, CertificateDefect)] = [
            ("otherHost", .otherHost), ("expired", .expired), ("notYetValid", .notYetValid),
        ]

        @Test("a certificate that is not valid is refused, with the reason", arguments: defects)
        func refusesDefect(_ name: String, _ defect: CertificateDefect) async throws {
            let server = try Server.current
            #expect(
                await failure(of: .get(try server.address(name)), by: server.client())?.kind
                    == .certificate(defect, detail: ""))
        }

        @Test("a CA that the system does not know is refused")
        func unknownIssuer() async throws {
            let server = try Server.current
            let client = HTTPClient(userAgent: "pair/test", caFile: nil)
            #expect(
                await failure(of: .get(try server.address("https")), by: client)?.kind
                    == .certificate(.unknownIssuer, detail: ""))
        }

        @Test("a CA file that is missing or has no certificate is named", arguments: ["missing", "index"])
        func noCertificates(_ name: String) async throws {
            let server = try Server.current
            let path = server.path(name)
            let client = HTTPClient(userAgent: "pair/test", caFile: path)
            #expect(await failure(of: .get(try server.address("https")), by: client) == .caFile(path))
        }

        @Test("what is no TLS, or a hang-up, is no connection", arguments: ["plain", "closing"])
        func noTLS(_ name: String) async throws {
            let server = try Server.current
            let address = try WebAddress(Text("https://127.0.0.1:\(server.port(name))/ok"))
            #expect(await failure(of: .get(address), by: server.client())?.kind == .tls(detail: ""))
        }
    }
}
