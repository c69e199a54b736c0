import ArgumentParser
import Discovery
import Encodings
import Foundation
import HostFiles
import KeyStore
import SSHKeys
import SignIn
import TOML

/// An error that may know what to do about it.
protocol Advising: Error, CustomStringConvertible {
    /// In a sentence or two; `nil` where there is nothing.
    var advice: String? { get }
}

extension SignInError: Advising {}
extension KeyStoreError: Advising {}
extension PrivateKeyError: Advising {}
extension SettingsError: Advising {}
extension SelectionError: Advising {}

/// A failure of the program's own, in words for people.
struct Failure: Advising {
    let description: String
    let advice: String?
}

extension Terminal {
    /// Says what failed and what to do about it.
    ///
    /// `name` is of the Keys that it is about, where the error does not say.
    func complain(about error: any Error, of name: String? = nil) {
        let advice = (error as? any Advising)?.advice
        complain("\(style.red("pair:")) \(name.map { "\($0): " } ?? "")\(error)" + (advice.map { "\n\($0)" } ?? ""))
    }

    /// Runs `body`, and ends the program with status 1 where it fails, having said why.
    func reporting(_ body: () async throws -> Void) async throws {
        do {
            try await body()
            wait(for: nil)
        } catch let error where error is ExitCode || error is ValidationError {
            wait(for: nil)
            throw error
        } catch {
            wait(for: nil)
            complain(about: error)
            throw ExitCode.failure
        }
    }
}

extension FileFault: Advising {
    var advice: String? { "Do this: \(mend)." }
}

extension LockFault: Advising {
    var advice: String? {
        switch self {
        case .held: "Wait until the other one is done, and try again."
        case .file(let fault): fault.advice
        }
    }
}
