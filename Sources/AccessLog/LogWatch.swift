/// Follows a log by its name through every rotation: told what stands at the name, it says what to do.
///
/// It opens and reads nothing; who does, looks as often as it likes.
public struct LogWatch: Sendable {
    /// What stands at the log's name.
    public struct Sight: Sendable, Equatable {
        /// The file system.
        public let device: UInt64
        /// The file.
        public let inode: UInt64
        /// In bytes.
        public let size: UInt64

        /// A file as it was seen.
        public init(device: UInt64, inode: UInt64, size: UInt64) {
            self.device = device
            self.inode = inode
            self.size = size
        }

        /// Whether both are of one file, whatever its size.
        public func isSameFile(as other: Sight) -> Bool { (device, inode) == (other.device, other.inode) }
    }

    /// What to do.
    public enum Step: Sendable, Equatable {
        /// There is nothing new.
        case wait
        /// Read on to the end of the open file.
        case readOn
        /// The open file was emptied in place: read it from its start.
        case startOver
        /// Another file has taken the name: read the open one to its end, then open and read what has the name now.
        case change
    }

    /// What the open file was when it was opened; `nil` where none is open.
    private var opened: Sight?
    /// Another file that was seen at the name once.
    private var successor: Sight?

    /// A watch over the file that was `opened`, `nil` where there was none.
    public init(opened: Sight?) {
        self.opened = opened
    }

    /// What to do now.
    /// - Parameters:
    ///   - sight: What stands at the name, `nil` for nothing.
    ///   - position: How many bytes of the open file have been read.
    /// - Returns: The one step until the next look.
    public mutating func step(seeing sight: Sight?, at position: UInt64) -> Step {
        guard let opened else { return sight == nil ? .wait : .change }
        guard let sight else {
            // Renamed, and the new one is still to be created; who had the old one open may write on.
            successor = nil
            return .readOn
        }
        guard !sight.isSameFile(as: opened) else {
            successor = nil
            if sight.size < position { return .startOver }
            return sight.size > position ? .readOn : .wait
        }
        // Seen once, the old one is read a last time at the next look: who had it open at the renaming has written then.
        if let successor, successor.isSameFile(as: sight) { return .change }
        successor = sight
        return .readOn
    }

    /// Tells that the file at the name was opened, `nil` where that failed.
    public mutating func hasOpened(_ sight: Sight?) {
        opened = sight
        successor = nil
    }
}
