"""Uses up the refresh token that is kept beside Keys, as a renewal does that is killed before it keeps the next one.

    lab refresh FILE

FILE is the state of Keys, ~/.ssh/pair/NAME.json.
"""

import json
import sys
from pathlib import Path

import requests


def main():
    if sys.argv[1:] == ["--help"]:
        print(__doc__)
        return
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    state = json.loads(Path(sys.argv[1]).read_text())
    provider = state["provider"]
    metadata = requests.get(f"{provider['issuer']}/.well-known/openid-configuration", timeout=10).json()
    response = requests.post(metadata["token_endpoint"], timeout=10, data={
        "grant_type": "refresh_token", "refresh_token": state["refresh_token"], "client_id": provider["client_id"]})
    if not response.ok:
        sys.exit(f"refresh: the provider answered {response.status_code} {response.text}")


if __name__ == "__main__":
    main()
