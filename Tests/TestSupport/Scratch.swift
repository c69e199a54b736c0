import Foundation

/// A folder for one test's keys, and the programs that make them; removed with the value.
final class Scratch: Sendable {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("pair-test-\(UUID())")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    func write(_ bytes: [UInt8], to name: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path(name))) }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path(name)))) }

    /// The output of a program that must succeed, started in the folder.
    @discardableResult
    func run(_ arguments: String...) throws -> [UInt8] { try run(arguments) }

    @discardableResult
    func run(_ arguments: [String]) throws -> [UInt8] {
        let names = ["output", "error"].map { "\($0)-\(UUID())" }
        for name in names { try write([], to: name) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: path(names[0])))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: path(names[1])))
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let error = String(decoding: try read(names[1]), as: UTF8.self)
            throw ProgramFailed(arguments: arguments, status: process.terminationStatus, error: error)
        }
        return try read(names[0])
    }
}

struct ProgramFailed: Error {
    let arguments: [String]
    let status: Int32
    let error: String
}
