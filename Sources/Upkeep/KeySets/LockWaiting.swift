internal import HostFiles

/// The lock that a file of a folder stands for, waited for without holding up a thread.
/// - Parameters:
///   - name: The lock's file.
///   - patience: How long to wait at most.
///   - folder: Opens the folder, anew for each try.
/// - Returns: The lock.
/// - Throws: `.held` where it was not to be had so long, or the task was cancelled; or `.file`.
func waitForLock(
    _ name: String, atMost patience: Duration, in folder: () throws(FileFault) -> OpenFolder
) async throws(LockFault) -> FileLock {
    let end = ContinuousClock.now + patience
    var pause = Duration.milliseconds(2)
    while true {
        let opened: OpenFolder
        do throws(FileFault) {
            opened = try folder()
        } catch {
            throw .file(error)
        }
        let held: LockFault
        do throws(LockFault) {
            return try FileLock(name, in: opened, waitingFor: .zero)
        } catch {
            held = error
        }
        guard case .held = held, ContinuousClock.now < end else { throw held }
        do {
            try await Task.sleep(for: pause)
        } catch {
            // Nobody waits for what would come of it.
            throw held
        }
        pause = min(pause * 2, .milliseconds(50))
    }
}
