import Encodings
import Testing

@testable import HTTP

@Suite struct HTTPResponseTests {
    private func response(_ name: Text, _ value: String) throws -> HTTPResponse {
        let field = HTTPResponse.Field(name: name.asciiLowercased, value: Array(value.utf8))
        return HTTPResponse(status: 200, body: [], address: try WebAddress("https://idp.example"), fields: [field])
    }

    static let freshness: [(String, Seconds?)] = [
        ("max-age=300", Seconds(300)), ("public, Max-Age=19845, must-revalidate", Seconds(19845)),
        ("max-age=0", Seconds(0)), ("no-store", Seconds(0)), ("max-age=300,no-cache", Seconds(0)),
        ("max-age=99999999999999999999", Seconds(.max)), ("s-maxage=5", nil), ("max-age", nil), ("max-age=", nil),
        ("max-age=-1", nil), ("max-age=+1", nil), ("max-age=1.5", nil), ("public", nil), ("", nil), (",,=,", nil),
    ]

    @Test("Cache-Control says for how long a body is good", arguments: freshness)
    func readsFreshness(_ value: String, _ span: Seconds?) throws {
        #expect(try response("Cache-Control", value).freshFor == span)
    }

    static let dates: [(String, String?)] = [
        ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
        ("Tue, 29 Feb 2028 23:59:59 GMT", "2028-02-29T23:59:59Z"),
        ("Tue, 29 Feb 2027 23:59:59 GMT", nil), ("Sun, 06 Nov 1994 08:49:37 UTC", nil),
        ("Sunday, 06-Nov-94 08:49:37 GMT", nil), ("Sun Nov  6 08:49:37 1994", nil),
        ("Sun, 6 Nov 1994 08:49:37 GMT", nil),
        ("Sun, 06 nov 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49:37 GMT ", nil), ("", nil), ("     ", nil),
        ("Sun, 06 Nov 1994 24:00:00 GMT", nil), ("Sun, 06 Nov 1994 8:49:37 GMT", nil),
    ]

    @Test("Date is read in the one form of today", arguments: dates)
    func readsDate(_ value: String, _ moment: String?) throws {
        #expect(try response("Date", value).date?.rfc3339 == moment)
    }

    @Test("a media type is what stands before its parameters")
    func mediaType() throws {
        #expect(try response("Content-Type", "application/jwk-set+json").mediaType == "application/jwk-set+json")
        #expect(try response("Content-Type", "Application/JSON ;x").mediaType == "application/json")
        #expect(try response("Content-Type", "").mediaType == "")
    }
}

@Suite struct HTTPErrorTests {
    static let failures: [HTTPFailure] = [
        .couldNotResolve(detail: "x\ny"), .couldNotConnect(detail: "x\ny"), .timedOut(.connecting, after: Seconds(5)),
        .timedOut(.answering, after: Seconds(10)), .certificate(.expired, detail: "x\ny"),
        .certificate(.notYetValid, detail: ""), .certificate(.otherHost, detail: ""),
        .certificate(.unknownIssuer, detail: ""),
        .certificate(.other(24), detail: ""), .tls(detail: "x\ny"), .caFile("x\ny"), .caFile(nil),
        .proxy(detail: "x\ny"),
        .closedEarly(detail: "x\ny"), .notHTTP(detail: "x\ny"), .tooLarge(limit: 1), .headerTooLarge(limit: 1),
        .encoded("x\ny"), .redirectRefused(to: "x\ny?code=secret", .otherOrigin),
        .redirectRefused(to: "x\ny", .address(.host)),
        .redirectRefused(to: "x\ny", .form), .redirectRefused(to: "x\ny", .tooMany(limit: 3)),
        .headerMalformed("x\ny"), .libcurlMissing(detail: "x\ny"), .other(code: 1, detail: "x\ny"),
    ]

    @Test("an error says where, what and what to do, each in one line", arguments: failures)
    func texts(_ failure: HTTPFailure) throws {
        let error = HTTPError(address: try WebAddress("https://idp.example/token?code=secret"), failure: failure)
        #expect(error.description.hasPrefix("https://idp.example/token: "))
        #expect(!error.description.hasSuffix("."))
        #expect(error.advice.hasSuffix(".") && error.advice.first?.isUppercase == true)
        for text in [error.description, error.advice] {
            #expect(!text.contains("secret"))
            #expect(!text.contains("\n"))
            #expect(text.utf8.count > 10)
        }
    }
}
