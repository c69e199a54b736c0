"""What real providers differ in, for the light one to take on. Used by provider.py and openid_provider.py.

They stand in FOLDER/oddities, one a line; the provider reads that file at each request, so that it need not restart.
"""

ODDITIES = {
    "no-nonce": "the ID token has no nonce, so it binds no key",
    "other-nonce": "the ID token has another nonce than the one asked for",
    "no-refresh-token": "no refresh token is given",
    "no-refresh-id-token": "a refresh brings no ID token",
    "refuse-refresh": "a refresh is refused: invalid_grant",
    "remember-consent": "no consent page where that person consented before (access tokens live ten hours)",
    "issue-iss": "the answer names its issuer, and discovery says so (RFC 9207)",
    "prompt-none-dies": "prompt=none ends in a page for error 500 instead of an answer to the client",
    "token-error-empty": "the token endpoint answers 400 without a body or its type",
    "token-error-html": "the token endpoint answers 502 with an HTML page",
    "token-html": "the token endpoint answers 200 with an HTML page",
}


def read(folder):
    try:
        return set((folder / "oddities").read_text().split())
    except FileNotFoundError:
        return set()


def write(folder, names):
    replace(folder / "oddities", "".join(f"{name}\n" for name in names))


def replace(file, text):
    """Writes all of a file in one step, for a provider that reads it meanwhile."""
    part = file.with_name(f".{file.name}.part")
    part.write_text(text)
    part.replace(file)
