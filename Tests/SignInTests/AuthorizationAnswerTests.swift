import Encodings
import SignIn
import Testing

@Suite struct AuthorizationAnswerTests {
    struct Accepted: Sendable, CustomTestStringConvertible {
        let text: String
        var code: String?
        var error: ProviderError?
        var state: Text?
        var issuer: Text?
        var testDescription: String { quoted(text) }
    }

    static let accepted = [
        // RFC 6749 §4.1.2 and §4.1.2.1.
        Accepted(text: "code=SplxlOBeZQQYbYS6WxSbIA&state=xyz", code: "SplxlOBeZQQYbYS6WxSbIA", state: "xyz"),
        Accepted(text: "error=access_denied&state=xyz", error: .init(code: "access_denied"), state: "xyz"),
        // RFC 9207 §2.1.
        Accepted(
            text:
                "code=x1848ZT64p4IirMPT0R-X3141MFPTuBX-VFL_cvaplMH58&state=ZWVlNDBlYzA1NjdkMDNhYjg3ZjUxZjAyNGQzMTM2NzI"
                + "&iss=https%3A%2F%2Fhonest.as.example",
            code: "x1848ZT64p4IirMPT0R-X3141MFPTuBX-VFL_cvaplMH58",
            state: "ZWVlNDBlYzA1NjdkMDNhYjg3ZjUxZjAyNGQzMTM2NzI", issuer: "https://honest.as.example"),
        Accepted(text: "code=c", code: "c"),
        Accepted(text: "code=4%2F0Ab_c-d.e~f%20g+h%2B", code: "4/0Ab_c-d.e~f g h+"),
        Accepted(text: "&&code=c&&state=s&", code: "c", state: "s"),
        Accepted(text: "c%6fde=c&sta%74e=s", code: "c", state: "s"),
        Accepted(text: "code=a=b=&state==", code: "a=b=", state: "="),
        Accepted(text: "code=c&state", code: "c"),
        Accepted(text: "code=c&error=&iss=&state=", code: "c"),
        Accepted(text: "code=&error=e", error: .init(code: "e")),
        Accepted(text: "code=c&Code=d&CODE=e&=x", code: "c"),
        Accepted(text: "code=c&session_state=1&scope=openid+email&authuser=0&hd=x&prompt=none", code: "c"),
        Accepted(
            text: "error=e&error_description=%C3%A9+%E2%82%AC%0D%0A&error_uri=https%3A%2F%2Fx%2F%3Fa%26b",
            error: .init(code: "e", detail: "é €\r\n", uri: "https://x/?a&b")),
        Accepted(text: "error=e&error_description=é", error: .init(code: "e", detail: "é")),
        // e and a combining accent are two names: nothing here is compared as people read it.
        Accepted(text: "code=c&é=1&e%CC%81=2", code: "c"),
        Accepted(text: "code=" + String(repeating: "c", count: 16_379), code: String(repeating: "c", count: 16_379)),
    ]

    @Test("a query is decoded as a form", arguments: accepted)
    func accepts(_ row: Accepted) throws {
        try compare(AuthorizationAnswer(query: row.text), with: row)
    }

    private func compare(_ answer: AuthorizationAnswer, with row: Accepted) throws {
        switch answer.outcome {
        case .code(let code): #expect(Text(code) == row.code.map { Text($0) })
        case .error(let error): #expect(error == row.error)
        }
        #expect(answer.state == row.state)
        #expect(answer.issuer == row.issuer)
    }

    struct Rejected: Sendable, CustomTestStringConvertible {
        let text: String
        let defect: AnswerDefect
        var testDescription: String { quoted(text) }
    }

    static let rejected = [
        Rejected(text: "", defect: .neither),
        Rejected(text: "&", defect: .neither),
        Rejected(text: "code", defect: .neither),
        Rejected(text: "code=", defect: .neither),
        Rejected(text: "Code=c", defect: .neither),
        Rejected(text: "state=s&id_token=x.y.z", defect: .neither),
        Rejected(text: "?code=c", defect: .neither),
        Rejected(text: "code=c&error=e", defect: .codeAndError),
        Rejected(text: "code=c&code=c", defect: .form(.twice("code"))),
        Rejected(text: "code=c&c%6Fde=d", defect: .form(.twice("code"))),
        Rejected(text: "code=&code=c", defect: .form(.twice("code"))),
        Rejected(text: "code=c&state=s&state=s", defect: .form(.twice("state"))),
        Rejected(text: "code=c&a&a", defect: .form(.twice("a"))),
        Rejected(text: "code=c&a+b=1&a%20b=1", defect: .form(.twice("a b"))),
        Rejected(text: "error=e&error=e", defect: .form(.twice("error"))),
        Rejected(text: "code=%", defect: .form(.percent)),
        Rejected(text: "code=%4", defect: .form(.percent)),
        Rejected(text: "code=%4g", defect: .form(.percent)),
        Rejected(text: "code=%g4", defect: .form(.percent)),
        Rejected(text: "code=%%34", defect: .form(.percent)),
        Rejected(text: "code=%+4", defect: .form(.percent)),
        Rejected(text: "code=%4&state=1", defect: .form(.percent)),
        Rejected(text: "code=%u0041", defect: .form(.percent)),
        Rejected(text: "code=c&%zz=1", defect: .form(.percent)),
        Rejected(text: "code=%FF", defect: .form(.notUTF8)),
        Rejected(text: "code=%C3", defect: .form(.notUTF8)),
        Rejected(text: "code=c&state=%C0%80", defect: .form(.notUTF8)),
        Rejected(text: "code=c&x=%ED%A0%80", defect: .form(.notUTF8)),
        Rejected(text: "code=c d", defect: .form(.control(0x20))),
        Rejected(text: "code=c\r\nX: y", defect: .form(.control(0x0D))),
        Rejected(text: "code=c\u{0}", defect: .form(.control(0))),
        Rejected(text: "code=c\u{7F}", defect: .form(.control(0x7F))),
        Rejected(text: "code=c%00", defect: .code),
        Rejected(text: "code=c%0A", defect: .code),
        Rejected(text: "code=c%7F", defect: .code),
        Rejected(text: "code=%C3%A9", defect: .code),
        Rejected(text: "code=" + String(repeating: "c", count: 16_380), defect: .form(.tooLong(count: 16_385))),
        Rejected(
            text: "code=c" + (0..<64).map { "&a\($0)=" }.joined(), defect: .form(.tooManyFields(count: 65))),
    ]

    @Test("what is no answer is refused with its reason, and does not end the sign-in", arguments: rejected)
    func rejects(_ row: Rejected) {
        let error = SignInError.answer(row.defect)
        #expect(throws: error) { try AuthorizationAnswer(query: row.text) }
        #expect(!error.endsSignIn)
    }

    @Test("63 other parameters are read")
    func manyFields() throws {
        #expect(try AuthorizationAnswer(query: "code=c" + (0..<63).map { "&a\($0)=" }.joined()).outcome == .code("c"))
    }

    @Test("every beginning of an answer, and every byte changed, is an answer or refused")
    func damage() {
        let query = Array("code=4%2F0A&state=x%C3%A9z&error=a+b&iss=https%3A%2F%2Fidp".utf8)
        for end in query.indices {
            _ = try? AuthorizationAnswer(query: String(decoding: query[..<end], as: UTF8.self))
            for byte in UInt8.min...UInt8.max {
                var changed = query
                changed[end] = byte
                let text = String(decoding: changed, as: UTF8.self)
                _ = try? AuthorizationAnswer(query: text)
                _ = try? AuthorizationAnswer(pasted: text)
            }
        }
    }

    // MARK: - Pasted

    static let pasted = [
        "http://127.0.0.1:4711/callback?code=a%2Fb&state=s",
        "  http://127.0.0.1:4711/callback?code=a%2Fb&state=s\r\n",
        "\t'http://127.0.0.1:4711/callback?code=a%2Fb&state=s' ",
        "\"http://127.0.0.1:4711/callback?code=a%2Fb&state=s\"",
        "<http://127.0.0.1:4711/callback?code=a%2Fb&state=s>\n",
        "HTTP://LOCALHOST/?code=a%2Fb&state=s",
        "http://[::1]:1/x/y?code=a%2Fb&state=s",
        "127.0.0.1:4711/callback?code=a%2Fb&state=s",
        "http://127.0.0.1:4711/callback?code=a%2Fb&state=s#",
        "http://127.0.0.1:4711/callback?code=a%2Fb&state=s#_=_",
        "https://elsewhere.example/?code=a%2Fb&state=s",
        "?code=a%2Fb&state=s",
        "code=a%2Fb&state=s",
        "session=/?&state=s&code=a/b",
        "\u{1B}code=a%2Fb&state=s\u{0}",
    ]

    @Test("an address is taken as people copy it, whole or the query alone", arguments: pasted)
    func acceptsPasted(_ text: String) throws {
        let answer = try AuthorizationAnswer(pasted: text)
        #expect(answer.outcome == .code("a/b"))
        #expect(answer.state == "s")
    }

    static let rejectedPasted = [
        Rejected(text: "", defect: .pastedNothing),
        Rejected(text: " \r\n\t", defect: .pastedNothing),
        Rejected(text: "\"\"", defect: .pastedNothing),
        Rejected(text: "SplxlOBeZQQYbYS6WxSbIA", defect: .pastedNoAddress),
        Rejected(text: "yes", defect: .pastedNoAddress),
        Rejected(text: "https://idp.example/login", defect: .pastedWithoutAnswer),
        Rejected(text: "HTTPS://idp.example/a=b", defect: .pastedWithoutAnswer),
        Rejected(text: "http://127.0.0.1:4711/callback", defect: .pastedWithoutAnswer),
        Rejected(text: "https://idp.example/login?session=1&next=%2F", defect: .pastedWithoutAnswer),
        Rejected(text: "http://127.0.0.1:4711/callback?#code=c&state=s", defect: .pastedWithoutAnswer),
        Rejected(text: "http://127.0.0.1:4711/callback?state=s", defect: .pastedWithoutAnswer),
        Rejected(
            text: "https://idp.example/authorize?response_type=code&client_id=x&state=s", defect: .pastedRequest),
        Rejected(text: "http://127.0.0.1/?code=c&code=c", defect: .form(.twice("code"))),
        Rejected(text: "http://127.0.0.1/?code=c\n&state=s", defect: .form(.control(0x0A))),
        Rejected(text: "http://127.0.0.1/?code=c and so on", defect: .form(.control(0x20))),
        Rejected(text: "http://127.0.0.1/?code=c%", defect: .form(.percent)),
    ]

    @Test("what cannot be the answer is refused with what to paste instead", arguments: rejectedPasted)
    func rejectsPasted(_ row: Rejected) {
        #expect(throws: SignInError.answer(row.defect)) { try AuthorizationAnswer(pasted: row.text) }
        #expect(row.defect.advice.hasSuffix("."))
    }

    @Test("an error that was pasted is the provider's")
    func pastedError() throws {
        let answer = try AuthorizationAnswer(pasted: "http://127.0.0.1/?error=access_denied&state=s")
        #expect(answer.outcome == .error(ProviderError(code: "access_denied")))
    }
}
