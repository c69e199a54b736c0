internal import CTOML
internal import Encodings

/// What the C side reports goes into one of these while it parses.
private struct Collector {
    var root = TOMLDocument.Table(
        name: "", isElement: false, position: TOMLDocument.Position(line: 0, column: 0), members: [])
    var tables: [TOMLDocument.Table] = []
    var error: TOMLError?
}

/// The root and its tables, unsorted; only here does Swift meet the C side.
func parse(_ bytes: [UInt8]) throws(TOMLError) -> (root: TOMLDocument.Table, tables: [TOMLDocument.Table]) {
    var collector = Collector()
    unsafe bytes.withUnsafeBytes { buffer in
        unsafe withUnsafeMutablePointer(to: &collector) { collector in
            unsafe ctoml_parse(
                buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int64(buffer.count), collector,
                { context, item in
                    guard let context = unsafe context, let item = unsafe item?.pointee else { return }
                    unsafe context.assumingMemoryBound(to: Collector.self).pointee.add(item)
                },
                { context, message, line, column in
                    guard let context = unsafe context else { return }
                    unsafe context.assumingMemoryBound(to: Collector.self).pointee.error = .syntax(
                        text(message), at: TOMLDocument.Position(line: Int(line), column: Int(column)))
                })
        }
    }
    if let error = collector.error { throw error }
    return (collector.root, collector.tables)
}

extension Collector {
    /// Puts one item where it belongs: a table's members come in a row behind it, the root's may come between tables.
    mutating func add(_ item: CTOMLItem) {
        let position = unsafe TOMLDocument.Position(line: Int(item.line), column: Int(item.column))
        let isRoot = unsafe item.table.bytes == nil
        let name = unsafe text(item.key)
        let value: TOMLDocument.Value
        switch unsafe item.kind {
        case CTOML_TABLE:
            let table = unsafe TOMLDocument.Table(
                name: text(item.table), isElement: item.index >= 0, position: position, members: [])
            if isRoot { root = table } else { tables.append(table) }
            return
        case CTOML_ELEMENT:
            let element = unsafe TOMLDocument.Element(text: text(item.text), position: position)
            change(isRoot) { $0.addElement(element) }
            return
        case CTOML_STRING: value = unsafe .string(text(item.text))
        case CTOML_BOOL: value = unsafe .bool(item.integer != 0)
        case CTOML_INTEGER: value = unsafe .integer(item.integer)
        case CTOML_STRINGS: value = .strings([])
        default: value = .other
        }
        change(isRoot) { $0.members.append(TOMLDocument.Member(name: name, position: position, value: value)) }
    }

    /// Changes the root, or the table that came last.
    private mutating func change(_ isRoot: Bool, _ body: (inout TOMLDocument.Table) -> Void) {
        if isRoot {
            body(&root)
        } else if let last = tables.indices.last {
            body(&tables[last])
        }
    }
}

extension TOMLDocument.Table {
    /// Adds a string to the array that came last.
    fileprivate mutating func addElement(_ element: TOMLDocument.Element) {
        guard let last = members.indices.last, case .strings(var elements) = members[last].value else { return }
        // Let go of the member's own reference, so that appending does not copy what is there.
        members[last].value = .other
        elements.append(element)
        members[last].value = .strings(elements)
    }
}

/// A copy of the parser's bytes, which the parser has checked to be UTF-8.
private func text(_ text: CTOMLText) -> Text {
    unsafe Text(String(decoding: UnsafeRawBufferPointer(start: text.bytes, count: Int(text.count)), as: UTF8.self))
}
