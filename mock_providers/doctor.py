"""
`python -m mock_providers.doctor FILE|-`: why a pasted request's signature is refused.

Needs no running simulator: the credentials folder, or one public key, is enough. Exit codes: 0 the signature is right,
1 it is wrong and explained, 3 it is wrong and unexplained, 2 there is nothing that could be read.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from mock_providers.core.clock import SystemClock
from mock_providers.core.signatures.doctor import Diagnosis, Words
from mock_providers.core.signatures.pasted import read_pasted
from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import ProvidersError, Undiagnosable
from mock_providers.registry import DOCTORS

_RIGHT, _EXPLAINED, _UNREADABLE, _UNEXPLAINED = 0, 1, 2, 3
_BYTES_MAX = 4 * 1024 * 1024
_HEADINGS = {
    "cause": Words("cause", "原因"),
    "next": Words("what to do", "怎么办"),
    "built": Words("this should have been signed", "应当签名的字符串"),
    "signed": Words("this was signed", "实际签名的字符串"),
    "at": Words("they part at byte", "从该字节起不同"),
    "expected": Words("expected", "应为"),
    "got": Words("got     ", "实为"),
    "received": Words("received", "收到的请求"),
    "hint": Words("worth a look", "值得留意"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """
    Explain one request.

    Returns:
        The exit code.
    """
    flags = _flags().parse_args(argv)
    try:
        request = read_pasted(_text_of(flags.file))
        found = _examined(request, flags.credentials_dir, flags.public_key)
    except (ProvidersError, OSError) as problem:
        sys.stderr.write(f"payproof doctor: {problem}\n")
        return _UNREADABLE
    shown = (
        orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2) if flags.json else _told(found, request, flags.lang)
    )
    sys.stdout.buffer.write(shown.rstrip(b"\n") + b"\n")
    sys.stdout.buffer.flush()
    if found.right:
        return _RIGHT
    return _EXPLAINED if found.causes else _UNEXPLAINED


def _flags() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="payproof doctor", description="Why is this signature refused?")
    parser.add_argument("file", metavar="FILE|-", help="a request as it was sent; - reads it from stdin")
    parser.add_argument("--credentials-dir", type=Path, help="whose keys to verify with")
    parser.add_argument("--public-key", type=Path, metavar="FILE", help="verifies instead of the folder's key")
    parser.add_argument("--lang", choices=("en", "zh"), default="en")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return parser


def _text_of(file: str) -> str:
    if file == "-":
        raw = sys.stdin.buffer.read(_BYTES_MAX)
    else:
        with Path(file).open("rb") as opened:
            raw = opened.read(_BYTES_MAX)
    return raw.decode("utf-8", "replace")


def _examined(request: RawRequest, credentials_dir: Path | None, public_key: Path | None) -> Diagnosis:
    """The first doctor who finds a signature of his kind looks into it."""
    key = public_key.read_bytes() if public_key is not None else None
    there = credentials_dir is not None and (credentials_dir / "credentials.json").is_file()
    declined: Undiagnosable | None = None
    for make in DOCTORS.values():
        try:
            return make(credentials_dir if there else None, key).examine(request, now=SystemClock().now())
        except Undiagnosable as problem:
            declined = declined or problem
    assert declined is not None
    raise declined


def _told(found: Diagnosis, request: RawRequest, lang: str) -> bytes:
    """For people, strings on lines of their own, so that they can be copied and compared."""
    lines = [(_HEADINGS["cause"], getattr(found.sentence, lang)), (_HEADINGS["next"], getattr(found.next_step, lang))]
    lines += [(_HEADINGS["hint"], getattr(hint, lang)) for hint in found.hints]
    lines.append((_HEADINGS["built"], found.built))
    if not found.right:
        if found.signed is not None and found.first_difference is not None:
            part = found.first_difference
            lines.append((_HEADINGS["signed"], found.signed))
            expected, got = (getattr(_HEADINGS[name], lang) for name in ("expected", "got"))
            lines.append((_HEADINGS["at"], f"{part.at}\n  {expected} {part.built!r}\n  {got} {part.signed!r}"))
        if "key_instead_of_signature" not in {cause.name for cause in found.causes}:
            body = request.body.decode("utf-8", "replace")
            lines.append((_HEADINGS["received"], f"{request.method} {request.target}\n  {body}".rstrip()))
    return "\n".join(f"{getattr(heading, lang)}:\n  {text}" for heading, text in lines).encode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main())
