"""
Ask a health address once, with a token if one is given: exit code 0 when it answers 200, 1 otherwise.

For images that have no curl.
"""

import sys
import urllib.error
import urllib.request

TIMEOUT_S = 2.5


def main(url: str, token: str = "") -> int:
    """Return the exit code."""
    asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=TIMEOUT_S) as answer:  # noqa: S310 (the address is the image's own)
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, TimeoutError, OSError):
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
