internal import Glibc

/// The names in the directory at `path`, sorted by their bytes, without `.` and `..`.
///
/// Follows links: for fixtures in a checkout, never for what a decision rests on. A name that is not UTF-8 is left out.
/// - Throws: `.missing`, `.system`.
public func folderNames(_ path: String) throws(FileFault) -> [String] {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .pathMalformed(path) }
    guard let stream = unsafe opendir(path) else { throw fault(errno, call: "opendir", path) }
    defer { _ = unsafe closedir(stream) }
    return try unsafe entryNames(stream, of: path)
}

/// The names that `stream` has still to tell, sorted by their bytes.
func entryNames(_ stream: OpaquePointer, of path: String) throws(FileFault) -> [String] {
    var names: [String] = []
    while true {
        errno = 0
        guard let entry = unsafe readdir(stream) else { break }
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(validatingCString: $0) }
        }
        if let name, name != ".", name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw fault(errno, call: "readdir", path) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}
