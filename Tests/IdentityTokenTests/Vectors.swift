import Encodings
import Foundation
import Testing

@testable import TestSupport

extension Vectors {
    static let absence: Comment = "no vectors: set PAIR_VECTORS"

    static func read(_ path: String) throws -> JSON.Object {
        let bytes = Array(try Data(contentsOf: folder.appendingPathComponent(path)))
        return try #require(try JSON(parsing: bytes).object)
    }
}
