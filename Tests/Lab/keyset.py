"""Fetches a provider's JWKS into a cached key set, as `pair host refresh` will.

    lab keyset ISSUER FILE
"""

import json
import os
import sys
import time
import urllib.request
from pathlib import Path


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.load(response)


def main():
    if sys.argv[1:] == ["--help"]:
        print(__doc__)
        return
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    issuer, file = sys.argv[1], Path(sys.argv[2])
    discovery = fetch(f"{issuer}/.well-known/openid-configuration")
    if discovery["issuer"] != issuer:
        sys.exit(f"keyset: {issuer} calls itself {discovery['issuer']}")
    key_set = {
        "fetched_at": int(time.time()), "issuer": issuer, "jwks_uri": discovery["jwks_uri"],
        "keys": fetch(discovery["jwks_uri"])["keys"],
    }
    part = file.with_name(f".{file.name}.part")
    part.write_text(json.dumps(key_set))
    os.chmod(part, 0o644)
    part.replace(file)


if __name__ == "__main__":
    main()
