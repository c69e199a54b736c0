// Programs that a test answers for.

import Synchronization
import Upkeep

final class ScriptedPrograms: Programs {
    private let answer: @Sendable ([String]) -> ProgramResult?
    private let asked = Mutex<[[String]]>([])

    /// `nil` stands for a program that is not there.
    init(_ answer: @escaping @Sendable ([String]) -> ProgramResult?) { self.answer = answer }

    /// What was run, in order.
    var commands: [[String]] { asked.withLock { $0 } }

    func run(_ command: [String], input: [UInt8]) throws(ProgramFault) -> ProgramResult {
        asked.withLock { $0.append(command) }
        guard let result = answer(command) else { throw .missing(command[0]) }
        return result
    }
}
