import Encodings
import Foundation
import Signatures
import Testing

@testable import SignIn

@Suite struct ResultPageTests {
    struct Page: Sendable, CustomTestStringConvertible {
        let page: ResultPage
        let outcome: String
        let title: String
        let status: Int
        /// What the page says, besides the title.
        let texts: [String]
        var testDescription: String { outcome }
    }

    static let pages = [
        Page(
            page: .signedIn(who: "alice@example.com", provider: "google", until: "14:05:10 CET"),
            outcome: "signed-in", title: "Signed in", status: 200,
            texts: ["alice@example.com", "google", "14:05:10 CET", "close this window and go back to the terminal"]),
        Page(
            page: .refused(provider: "google", reason: "access_denied: not today"), outcome: "refused",
            title: "Sign-in refused", status: 403,
            texts: ["google", "access_denied: not today", "Nothing was changed"]),
        Page(
            page: .failed(what: "no answer within 10 s", advice: "Try again later."), outcome: "failed",
            title: "Sign-in failed", status: 400, texts: ["no answer within 10 s", "Try again later.", "the terminal"]),
    ]

    @Test("a page says what became of the sign-in, to people, to screen readers and to tests", arguments: pages)
    func outcome(_ row: Page) throws {
        let html = row.page.html
        #expect(row.page.outcome.rawValue == row.outcome)
        #expect(row.page.status == row.status)
        #expect(html.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">\n"))
        #expect(html.contains("<title>\(row.title) - pair</title>"))
        #expect(html.contains("<section id=\"done\" role=\"status\" data-outcome=\"\(row.outcome)\">"))
        #expect(html.components(separatedBy: "<h1>").count == 2)
        #expect(html.contains("<h1>\(row.title)</h1>"))
        for text in row.texts { #expect(html.contains(text)) }
    }

    @Test("a page fetches nothing, runs nothing and sends nothing", arguments: pages)
    func standsAlone(_ row: Page) {
        for word in ["<script", "<link", "<img", "<form", "<iframe", "<a ", "url(", "@import", "://", " style="] {
            #expect(!row.page.html.contains(word))
        }
        #expect(row.page.html.range(of: #"<[^>]*\son[a-z]+="#, options: .regularExpression) == nil)
    }

    @Test("the policy lets in the very style that the page has")
    func styleHash() throws {
        let page = ResultPage.failed(what: "x", advice: nil).html
        let style = try #require(
            page.components(separatedBy: "<style>").last?.components(separatedBy: "</style>").first)
        let hash = Data(try Digest.sha256(Array(style.utf8))).base64EncodedString()
        #expect(
            ResultPage.contentSecurityPolicy
                == "default-src 'none'; style-src 'sha256-\(hash)'; base-uri 'none'; form-action 'none'; "
                + "frame-ancestors 'none'")
    }

    struct Shown: Sendable, CustomTestStringConvertible {
        let name: String
        let text: Text
        let html: String
        var testDescription: String { name }
    }

    static let shown = [
        Shown(name: "plain", text: "a b", html: "a b"),
        Shown(name: "empty", text: "", html: ""),
        Shown(
            name: "a tag", text: "</bdi><script>alert('1')</script>",
            html: "&lt;/bdi&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"),
        Shown(name: "an attribute", text: "\" onclick=\"x", html: "&quot; onclick=&quot;x"),
        Shown(name: "what is escaped already", text: "&lt;&amp;", html: "&amp;lt;&amp;amp;"),
        Shown(name: "controls", text: "a\u{0}\u{1B}[31m\r\nb\u{85}\u{7F}c", html: "a[31mbc"),
        Shown(name: "a turn of the line", text: "alice\u{202E}moc.live\u{2066}\u{200F}", html: "alicemoc.live"),
        Shown(name: "other scripts", text: "élodie 本 שלום 🙂", html: "élodie 本 שלום 🙂"),
        Shown(name: "a mark on a tag's end", text: "<\u{338}b>\u{301}", html: "&lt;\u{338}b&gt;\u{301}"),
        Shown(
            name: "as long as may be", text: Text(String(repeating: "a", count: 400)),
            html: String(repeating: "a", count: 400)),
        Shown(
            name: "longer", text: Text(String(repeating: "a", count: 401)),
            html: String(repeating: "a", count: 400) + "…"),
        Shown(
            name: "controls do not count", text: Text(String(repeating: "\u{0}a", count: 400)),
            html: String(repeating: "a", count: 400)),
        Shown(
            name: "one character of many marks", text: Text("a" + String(repeating: "\u{301}", count: 500)),
            html: "a" + String(repeating: "\u{301}", count: 399) + "…"),
    ]

    @Test("what comes from outside is text and nothing else, wherever it stands", arguments: shown)
    func escapes(_ row: Shown) {
        let element = Text("<bdi>\(row.html)</bdi>")
        for page in [
            ResultPage.signedIn(who: row.text, provider: "p", until: "u"),
            .signedIn(who: "w", provider: row.text, until: "u"), .signedIn(who: "w", provider: "p", until: row.text),
            .refused(provider: row.text, reason: nil), .refused(provider: "p", reason: row.text),
            .failed(what: row.text, advice: nil), .failed(what: "w", advice: row.text),
        ] {
            // By bytes: characters would be equal where marks had come to stand on a bracket.
            #expect(Array(page.html.utf8).contains(element.utf8))
        }
    }

    @Test("whatever is no callback gets a page with the status and without an outcome")
    func notice() {
        let page = ResultPage.notice(status: 404, "Not Found")
        #expect(page.contains("<title>404 Not Found - pair</title>"))
        #expect(page.contains("<h1>Not Found</h1>"))
        #expect(!page.contains("id=\"done\""))
    }
}
