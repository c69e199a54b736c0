import ArgumentParser

/// What concerns who may enter a Space.
struct Spaces: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say who may enter this Space by Keys, and look everything over.",
        discussion: """
            Works on the file of members that pair.toml names. A change is checked by the very parser that decides about \
            logins, written in one step, and locked against other writers; all other lines stay as they are, byte for byte. \
            The file as it was is kept beside it, with a - at the end of its name.
            """,
        subcommands: [Members.self, Allow.self, Deny.self, Remove.self, Check.self])
}
