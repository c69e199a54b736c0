import Encodings
import Foundation
import KeyStore
import SSHKeys
import SignIn

/// A sign-in that a person follows at a terminal.
struct SignInAtTerminal {
    let registration: ClientRegistration
    let surroundings: Surroundings
    let patience: Seconds

    private var terminal: Terminal { surroundings.terminal }

    /// Has the person sign in, by a browser that is opened for them where that is wanted and can be done at all.
    func signIn(
        for key: borrowing PrivateKey, opensBrowser: Bool, isSilent: Bool = false, loginHint: Text? = nil
    ) async throws(SignInError) -> SignedIn {
        let browser = Browser(environment: surroundings.environment)
        let isOpening = opensBrowser && browser.canOpen
        // Whoever opens the page elsewhere cannot be sent back here.
        let input = isOpening ? nil : PersonalInput(readsPipes: !opensBrowser)
        let isPasting = input != nil
        let way = SignIn.Way(
            browser: isOpening ? browser : nil, pasted: input?.lines(), isSilent: isSilent, loginHint: loginHint)
        let signIn = SignIn(registration: registration, http: surroundings.http(), patience: patience)
        return try await signIn.run(for: key, by: way, clock: now) { step in
            switch step {
            case .discovering: terminal.wait(for: "Asking \(registration.name) where to sign in")
            case .visiting(let address, let failure):
                tell("\(address)", opened: isOpening && failure == nil, failure: failure, isPasting: isPasting)
            case .ignoring(let error):
                say("\(error)" + (error.advice.map { "\n\($0)" } ?? ""), isAsked: isPasting)
            case .exchanging: terminal.wait(for: "Fetching the token")
            }
        }
    }

    private func tell(_ address: String, opened: Bool, failure: BrowserError?, isPasting: Bool) {
        if let failure {
            say(
                "The browser could not be opened: \(failure)" + (failure.advice.map { "\n\($0)" } ?? ""), isAsked: true)
        }
        say(
            opened
                ? "Sign in at \(registration.name) in the browser. If it has not opened, go to:\n\n  \(address)\n"
                : "To sign in at \(registration.name), open in a browser:\n\n  \(address)\n",
            isAsked: !opened)
        if isPasting {
            say(
                """
                If that ends on a page that cannot be shown, as on another machine it does, copy that page's address \
                from the browser's address bar, paste it here and press Return.
                """, isAsked: true)
        }
        terminal.wait(for: "Waiting for you to sign in")
    }

    /// Says `text`; where the person is asked to do something, however quiet all else is: nothing goes on without them.
    private func say(_ text: String, isAsked: Bool) {
        if isAsked { terminal.complain(text) } else { terminal.say(text) }
    }

    /// Does what is to be done with a sign-in, and tells the waiting browser how it ended.
    @discardableResult
    func conclude(_ signedIn: SignedIn, _ body: () throws -> MintedKeys) async throws -> MintedKeys {
        do {
            let minted = try body()
            await signedIn.conclude(
                with: .signedIn(
                    who: minted.identity, provider: Text(registration.name),
                    until: Text(minted.state.expires.localTime)))
            return minted
        } catch {
            await signedIn.conclude(
                with: .failed(what: Text("\(error)"), advice: (error as? any Advising)?.advice.map { Text($0) }))
            throw error
        }
    }
}

extension UnixTime {
    /// The time of day here, with the date where it is not today.
    var localTime: String {
        let formatter = DateFormatter()
        let date = Date(timeIntervalSince1970: Double(seconds))
        formatter.dateFormat = Calendar.current.isDateInToday(date) ? "HH:mm:ss" : "yyyy-MM-dd HH:mm:ss"
        return formatter.string(from: date)
    }
}
