import Foundation
import Synchronization

/// Notes that somebody wants the program to stop, which goes on until it can stop without leaving things half done.
final class Interruption: Sendable {
    private let flag = Mutex(false)

    /// Takes over, for as long as the program runs, the signals that a terminal and an init system send.
    init() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // Else the signal ends the program before the source sees it.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                _ = source
                self.flag.withLock { $0 = true }
            }
            source.resume()
        }
    }

    /// Whether one has come.
    var hasCome: Bool { flag.withLock { $0 } }
}
