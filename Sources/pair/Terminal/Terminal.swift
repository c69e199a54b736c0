import Foundation
import Synchronization

/// Where a person is told what goes on: standard error, so that standard output has results alone.
final class Terminal: Sendable {
    /// Whether only what went wrong is said.
    let isQuiet: Bool
    /// Whether what is said may have colours.
    let style: Style
    private let isInteractive: Bool
    private let spinner = Mutex<Spinner?>(nil)

    init(isQuiet: Bool = false, environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.isQuiet = isQuiet
        isInteractive = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb"
        style = Style(for: STDERR_FILENO, environment: environment)
    }

    /// Says `text` on lines of its own, unless nothing is to be said.
    func say(_ text: String) {
        if !isQuiet { complain(text) }
    }

    /// Says `text` on lines of its own in any case.
    func complain(_ text: String) {
        let isSpinning = stopSpinning()
        Terminal.write(text + "\n")
        if let isSpinning { startSpinning(isSpinning) }
    }

    /// Writes `text` to the standard error; where nobody takes it, nobody is told, and what was done stays done.
    static func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

    /// Shows that something takes its time, until the next step or `nil`; nothing where no person looks on.
    func wait(for step: String?) {
        guard isInteractive, !isQuiet else { return }
        _ = stopSpinning()
        if let step { startSpinning(step) }
    }

    private func startSpinning(_ step: String) {
        spinner.withLock { $0 = Spinner(step: step) }
    }

    /// The step that was shown, `nil` where none was.
    private func stopSpinning() -> String? {
        spinner.withLock { spinner in
            defer { spinner = nil }
            spinner?.stop()
            return spinner?.step
        }
    }
}

/// A line that moves while something takes its time.
private struct Spinner {
    let step: String
    private let timer: any DispatchSourceTimer

    init(step: String) {
        self.step = step
        timer = DispatchSource.makeTimerSource(queue: Spinner.queue)
        let frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
        let frame = Mutex(0)
        timer.setEventHandler {
            let index = frame.withLock { index in
                index = (index + 1) % frames.count
                return index
            }
            Spinner.draw("\(frames[index]) \(step)")
        }
        timer.schedule(deadline: .now() + .milliseconds(200), repeating: .milliseconds(100))
        timer.resume()
    }

    private static let queue = DispatchQueue(label: "Spinner")

    /// Returns once the line is gone for good.
    func stop() {
        timer.cancel()
        Spinner.queue.sync { Spinner.draw("") }
    }

    /// In place of the line that the cursor is in.
    private static func draw(_ text: String) {
        Terminal.write("\r\u{1B}[K\(text)")
    }
}
