import Foundation

/// Published test vectors, which are not part of this repository.
///
/// They are looked for in `$PAIR_VECTORS`, or in `../shared/vectors` beside the package. Where they are absent their
/// tests are skipped, and fail where `CI` is `true`.
enum Vectors {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["PAIR_VECTORS"] { return URL(fileURLWithPath: path) }
        let package = URL(fileURLWithPath: #filePath).appendingPathComponent("../../..").standardizedFileURL
        return package.appendingPathComponent("../shared/vectors").standardizedFileURL
    }()

    static let areExpected =
        FileManager.default.fileExists(atPath: folder.path) || ProcessInfo.processInfo.environment["CI"] == "true"
}
