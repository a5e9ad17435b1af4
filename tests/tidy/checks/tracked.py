"""
What tracked text must not hold: addresses of package indexes, paths of somebody's machine, talk about how the text was made.

It refuses to read binary files. Patterns are written so that this file does not match itself.
"""

import re
from pathlib import Path

from tests.tidy.checks.tree import Breach, texts

PATTERNS: dict[str, re.Pattern[str]] = {
    "the address of a package index": re.compile(
        r"files\.pythonh[o]sted\.org|pypi\.org/simp[l]e|registry\.npmj[s]\.org|proxy\.golan[g]\.org|repo1?\.mave[n]\."
        r"|--(extra-)?index-ur[l]|\bindex-ur[l]\s*=|//[^/\s]+/(api/pypi|artifactor[y]|repository/pypi)",
    ),
    "a path of somebody's machine": re.compile(
        r"(?<![\w.])/(roo[t]|hom[e]/[\w.<-]+|User[s]/[\w.<-]+|wor[k])(?=[/\s\"'`),;:]|$)|(?<![\w.])/tm[p]/p[p]/",
        re.MULTILINE,
    ),
    "talk about how the text was made": re.compile(
        r"\b(this|that|previous|last|earlier) s[e]ssion\b|\bsub-?agen[t]s?\b|\blanguage mode[l]s?\b|\bL[L]Ms?\b|\bcla[u]de\b"
        r"|\banthropi[c]\b|\bchatgp[t]\b|\bcopilo[t]\b|\bsystem promp[t]s?\b|\bpromp[t](ed|ing)? (by|to|for|engineer\w*)\b"
        r"|\bmy (brie[f]|instruction[s])\b|\bfact sheet[s]?\b|\bas an a[i]\b|\bthis conversatio[n]\b|\bcontext windo[w]\b"
        r"|\bissue [2]\b",
        re.IGNORECASE,
    ),
}


def check_tracked_text(root: Path) -> list[Breach]:
    """
    Every line of the tree that holds one of the patterns.
    """
    return [
        Breach(path, number, f"{what}: {match[0].strip()!r}")
        for path, text in texts(root)
        for what, pattern in PATTERNS.items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), start=1)
        for match in [pattern.search(line)]
        if match
    ]
