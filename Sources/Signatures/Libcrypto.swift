internal import CLibcrypto

/// libcrypto's functions; the library is loaded when one of them is first wanted.
let libcrypto = clibcrypto_load()
