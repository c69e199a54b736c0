/// Why some bytes are not the wire format; `at` is an offset from the start of the outermost blob.
public enum WireError: Error, Equatable, Sendable {
    case truncated(needed: Int, left: Int, at: Int)
    case trailing(count: Int, at: Int)
    case notText(at: Int)
    case negativeInteger(at: Int)
    case nonMinimalInteger(at: Int)
    case emptyInteger(at: Int)
}

extension WireError: CustomStringConvertible {
    /// Where, what was expected and what was found.
    public var description: String {
        switch self {
        case .truncated(let needed, let left, let offset): "byte \(offset): \(needed) bytes expected, \(left) left"
        case .trailing(let count, let offset): "byte \(offset): \(count) bytes after the end"
        case .notText(let offset): "byte \(offset): printable ASCII expected"
        case .negativeInteger(let offset): "byte \(offset): a negative integer"
        case .nonMinimalInteger(let offset): "byte \(offset): an integer with leading zero bytes"
        case .emptyInteger(let offset): "byte \(offset): zero, where a positive integer is expected"
        }
    }
}
