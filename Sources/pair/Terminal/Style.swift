import Foundation

/// Colours, or none where no person looks on or wants them (https://no-color.org).
struct Style: Sendable {
    private let isOn: Bool

    init(for descriptor: Int32, environment: [String: String] = ProcessInfo.processInfo.environment) {
        let isUnwanted = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        isOn = isatty(descriptor) == 1 && environment["TERM"] != "dumb" && !isUnwanted
    }

    func bold(_ text: String) -> String { wrapped(text, "1") }
    func faint(_ text: String) -> String { wrapped(text, "2") }
    func red(_ text: String) -> String { wrapped(text, "31") }
    func green(_ text: String) -> String { wrapped(text, "32") }
    func yellow(_ text: String) -> String { wrapped(text, "33") }

    private func wrapped(_ text: String, _ code: String) -> String { isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
}
