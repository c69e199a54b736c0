internal import Synchronization

/// Set once, by whoever cancels a task.
final class CancellationFlag: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock { $0 } }

    func set() { value.withLock { $0 = true } }
}
