public import Encodings

/// What the browser shows in the end: one small page that needs nothing else and runs nothing.
///
/// What comes from outside is shown as text and nothing but text: escaped, without controls, and not without end.
public struct ResultPage: Sendable, Equatable {
    /// What became of the sign-in; the raw value stands in the page as `data-outcome` of the element `done`.
    public enum Outcome: String, Sendable, CaseIterable {
        case signedIn = "signed-in"
        /// By the person or by the provider.
        case refused
        case failed
    }

    /// What became of the sign-in.
    public let outcome: Outcome
    /// The page, whole.
    public let html: String

    /// Signed in, and everything that was to be done with it is done.
    /// - Parameters:
    ///   - who: The identity, in words for people.
    ///   - provider: The provider's name.
    ///   - until: When the Keys expire, as the terminal says it.
    /// - Returns: The page that says so.
    public static func signedIn(who: Text, provider: Text, until: Text) -> ResultPage {
        let facts = [("Who", who), ("Provider", provider), ("Keys valid until", until)]
            .map { "<dt>\($0.0)</dt><dd>\(shown($0.1))</dd>" }
        return ResultPage(
            .signedIn, title: "Signed in", body: "<dl>\(facts.joined())</dl>",
            next: "You can close this window and go back to the terminal.")
    }

    /// The person or the provider said no.
    /// - Parameters:
    ///   - provider: The provider's name.
    ///   - reason: The provider's own words, if it had any.
    /// - Returns: The page that says so.
    public static func refused(provider: Text, reason: Text?) -> ResultPage {
        ResultPage(
            .refused, title: "Sign-in refused",
            body: "<p>\(shown(provider)) did not sign you in.</p>" + (reason.map { "<p>\(shown($0))</p>" } ?? ""),
            next: "Nothing was changed. You can close this window; to try again, go back to the terminal.")
    }

    /// Something went wrong, here or at the provider.
    /// - Parameters:
    ///   - what: What failed and why, as the terminal says it.
    ///   - advice: What to do about it; `nil` where there is nothing but to try again.
    /// - Returns: The page that says so.
    public static func failed(what: Text, advice: Text?) -> ResultPage {
        ResultPage(
            .failed, title: "Sign-in failed",
            body: "<p>\(shown(what))</p>" + (advice.map { "<p>\(shown($0))</p>" } ?? ""),
            next: "You can close this window; the terminal tells more.")
    }

    /// For a callback that nobody waits for any more.
    static let abandoned = ResultPage.failed(
        what: "The program in the terminal does not wait for this any more.", advice: "Start it again.")

    /// For whatever is no callback; `reason` is ours, in plain words.
    static func notice(status: UInt, _ reason: String) -> String {
        document(
            title: "\(status) \(reason)",
            main: """
                <h1>\(reason)</h1>
                <p>This is pair, waiting for a sign-in to come back; this request is not part of one.</p>
                """)
    }

    private init(_ outcome: Outcome, title: String, body: String, next: String) {
        self.outcome = outcome
        html = ResultPage.document(
            title: title,
            main: """
                <section id="done" role="status" data-outcome="\(outcome.rawValue)">
                <h1>\(title)</h1>
                \(body)
                </section>
                <p class="next">\(next)</p>
                """)
    }

    /// The status it goes out with.
    var status: Int {
        switch outcome {
        case .signedIn: 200
        case .refused: 403
        case .failed: 400
        }
    }
}

extension ResultPage {
    /// The most characters of a text from outside.
    static let maximumShown = 400

    /// `text` as the content of an element, whatever is in it.
    ///
    /// In an element of its own, so that text that runs from right to left does not turn what is around it.
    private static func shown(_ text: Text) -> String {
        var escaped = ""
        var count = 0
        for scalar in text.string.unicodeScalars {
            guard count < maximumShown else { return "<bdi>\(escaped)…</bdi>" }
            guard !Text(String(scalar)).hasControls else { continue }
            count += 1
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return "<bdi>\(escaped)</bdi>"
    }

    /// `title` and `main` are ours, or have been through `shown(_:)`.
    private static func document(title: String, main: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <title>\(title) - pair</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <style>\(style)</style>
        </head>
        <body>
        <main>
        \(main)
        </main>
        </body>
        </html>

        """
    }

    /// Lets the page have its style and nothing else: no script, no image, no frame, no form, nothing from anywhere.
    static let contentSecurityPolicy =
        "default-src 'none'; style-src 'sha256-\(styleHash)'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'"

    /// The SHA-256 of `style` in base64: to be changed with it.
    private static let styleHash = "r8mplXlxb7KRzqTHssZ1USJsFOCTk6AtlsaQCI+qrqQ="

    /// Colours have a contrast of 4.5 and more on their ground in both schemes; the outcome is told by words too.
    static let style = """

        :root { color-scheme: light dark; --ground: #f4f5f7; --sheet: #fff; --text: #1c2024; --soft: #5a626a;
          --edge: #d8dce0; --mark: #5a626a; }
        @media (prefers-color-scheme: dark) {
          :root { --ground: #14171a; --sheet: #1e2226; --text: #eceef0; --soft: #a3abb3; --edge: #363c42;
            --mark: #a3abb3; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
          background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
        main { width: 100%; max-width: 30rem; padding: 2rem; background: var(--sheet);
          border: 1px solid var(--edge); border-radius: .75rem; overflow-wrap: anywhere; }
        [data-outcome] { padding-left: 1rem; border-left: .25rem solid var(--mark); }
        [data-outcome="signed-in"] { --mark: #1f8a4c; }
        [data-outcome="refused"] { --mark: #c77700; }
        [data-outcome="failed"] { --mark: #d1343f; }
        h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; }
        p { margin: .5rem 0 0; }
        dl { margin: 0; display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; }
        dt { color: var(--soft); }
        dd { margin: 0; }
        .next { margin-top: 1.5rem; color: var(--soft); }
        @media (max-width: 24rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }

        """
}
