import Foundation
import Testing

@testable import TestSupport

extension Vectors {
    static let absence: Comment = "no vectors: set PAIR_VECTORS"

    static func read<Value: Decodable>(_ type: Value.Type, from path: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: folder.appendingPathComponent(path)))
    }
}

/// The bytes that `digits` spell, two hex digits each; what is none ends them.
func bytes(hex digits: String) -> [UInt8] {
    let values = digits.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
    return stride(from: 0, to: values.count - 1, by: 2).map { values[$0] << 4 | values[$0 + 1] }
}
