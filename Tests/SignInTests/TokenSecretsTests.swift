import Encodings
import SignIn
import Testing

extension TokenEndpointTests {
    @Suite struct Secrets {
        static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        static let sent = [code, verifier, refreshToken.string, secret.string, String(basic.dropFirst(6))]

        /// What was sent, in forms and parts that it may come back in.
        static let ofBoth = [
            secret.string, "7Fjfp0ZBr1KtDRbnfVdmIw+%25%26%2B%C3%A9", String(basic.dropFirst(6)),
            String(basic.dropFirst(20).dropLast(5)),
        ]
        static let ofExchange =
            ofBoth + [
                code, verifier, "SplxlOBeZQQYbYS6WxSbIA%2F%2B%3D%26%20~", "SplxlOBeZQQYbYS6WxSbIA&#x2F;",
                verifier + verifier,
                String(code.prefix(20)), String(code.suffix(20)), "x\(code)x\(code)x",
            ]
        static let ofRefresh = ofBoth + [refreshToken.string, String(refreshToken.string.dropFirst().dropLast())]

        /// Ways in which a server may repeat what it was sent.
        static func echoes(of secret: String) -> [Answer] {
            let quoted = String(decoding: JSON.string(Text(secret)).encoded.dropFirst().dropLast(), as: UTF8.self)
            return [
                Answer(
                    400,
                    "{\"error\":\"invalid_grant\",\"error_description\":\"code \(quoted) is not known: \(quoted)\"}"),
                Answer(401, "{\"error\":\"invalid_client\",\"error_uri\":\"https://idp.example/?\(quoted)\"}"),
                Answer(400, "{\"error\":\"\(quoted)\"}"),
                Answer(200, "{\"\(quoted)\":1,\"\(quoted)\":2}"),
                Answer(200, "{\"id_token\":\"\(quoted)\"}"),
                Answer(200, "{\"refresh_token\":7,\"x\":\"\(quoted)\"}"),
                Answer(500, quoted), Answer(500, "<p>\(quoted)</p>"), Answer(400, "[\"\(quoted)\"]"),
                Answer(raw: "HTTP/1.1 302 X\r\nLocation: https://idp.example/\(secret)?\(secret)#\(secret)\r\n\r\n"),
                Answer(raw: "HTTP/1.1 302 X\r\nLocation: https://\(secret)/\r\n\r\n"),
                Answer(raw: "HTTP/1.1 302 X\r\nLocation: \(secret)\r\n\r\n"),
                Answer(raw: "HTTP/1.1 200 X\r\nContent-Encoding: \(secret)\r\nContent-Length: 2\r\n\r\n{}"),
                Answer(raw: "HTTP/1.1 200 X\r\nTransfer-Encoding: \(secret)\r\n\r\n{}"),
                Answer(raw: "HTTP/1.1 200 X\r\nContent-Length: \(secret)\r\n\r\n{}"),
                Answer(
                    raw: "HTTP/1.1 200 X\r\nContent-Type: text/html;\(secret)\r\nContent-Length: 3\r\n\r\n\(secret)"),
                Answer(raw: "HTTP/1.1 200 \(secret)\r\n\(secret)\r\n\r\n"), Answer(raw: "HTTP/\(secret) 200 X\r\n\r\n"),
                Answer(raw: secret),
            ]
        }

        @Test("what an exchange sent is in no error, though the provider repeats it", arguments: ofExchange)
        func exchangeEchoes(_ secret: String) async throws {
            for answer in Self.echoes(of: secret) {
                check(try await TokenEndpointTests.exchange(FakeProvider(answer), secret: TokenEndpointTests.secret))
            }
        }

        @Test("what a refresh sent is in no error, though the provider repeats it", arguments: ofRefresh)
        func refreshEchoes(_ secret: String) async throws {
            for answer in Self.echoes(of: secret) {
                check(try await TokenEndpointTests.refresh(FakeProvider(answer), secret: TokenEndpointTests.secret))
            }
        }

        private func check(_ result: Result<TokenAnswer, SignInError>) {
            guard case .failure(let error) = result else {
                #expect(result == .success(TokenAnswer(idToken: nil, refreshToken: nil)))
                return
            }
            var dumped = ""
            dump(error, to: &dumped)
            for text in [error.description, error.advice ?? "", String(reflecting: error), dumped] {
                for secret in Self.sent { #expect(shares(text, with: secret) == nil, "\(error)") }
            }
        }

        /// A part of `secret` of 12 bytes that stands in `text`.
        private func shares(_ text: String, with secret: String) -> String? {
            let (text, secret) = (Array(text.utf8), Array(secret.utf8))
            for start in 0...(secret.count - 12) where text.contains(secret[start..<(start + 12)]) {
                return String(decoding: secret[start..<(start + 12)], as: UTF8.self)
            }
            return nil
        }

        @Test("what is hidden leaves the rest to be read")
        func hidden() async throws {
            let body = "{\"error\":\"e\",\"error_description\":\"code \(TokenEndpointTests.code): expired\"}"
            #expect(
                try await TokenEndpointTests.exchange(FakeProvider(Answer(400, body)))
                    == .failure(.tokenRefused(.init(code: "e", detail: "code (hidden): expired"))))
            let long = "{\"error\":\"e\",\"error_description\":\"" + String(repeating: "x", count: 8193) + "\"}"
            #expect(
                try await TokenEndpointTests.exchange(FakeProvider(Answer(400, long)))
                    == .failure(.tokenRefused(.init(code: "e", detail: "(too long to show)"))))
        }
    }
}
