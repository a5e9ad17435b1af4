"""
What the simulator's pages for people share: templates that escape every value, headers that let a browser do nothing
else, proof that a form is ours, and the reader's language.

Knows no page. A template sees text; what is hostile in it stays text.
"""

import hmac
import secrets
import tomllib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from jinja2 import Environment

Language = Literal["en", "zh"]

_KEY_CHARS = 43


@dataclass(frozen=True, slots=True)
class PageText:
    """A page that is ready to be sent."""

    status: int
    html: bytes
    headers: tuple[tuple[str, str], ...]


class Templates:
    """
    The templates of one folder, with its style and its scripts inside every page.

    Args:
        folder: holds `*.html`, `style.css` and, where there are any, `*.js`; read at the first page.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _environment(self) -> "Environment":
        # Costs start-up, and most runs never show a page.
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

        return Environment(
            loader=FileSystemLoader(self._folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    @cached_property
    def _style(self) -> str:
        return (self._folder / "style.css").read_text("utf-8")

    def page(
        self,
        template: str,
        values: Mapping[str, object],
        *,
        status: int = 200,
        palette: Mapping[str, str] | None = None,
        script: str = "",
        forms_to: str = "",
    ) -> PageText:
        """
        Write one page.

        Args:
            palette: custom properties of the style, such as {"brand": "#1677ff"}.
            script: the one file of the folder that may run.
            forms_to: where forms may go beside our own origin, as a content security policy writes it.
        """
        style = ":root{" + "".join(f"--{name}:{value};" for name, value in (palette or {}).items()) + "}" + self._style
        code = (self._folder / script).read_text("utf-8") if script else ""
        html = self._environment.get_template(template).render(
            values,
            style=style,
            script=code,
        )
        policy = _policy(style, code, forms_to=forms_to)
        return PageText(status, html.encode("utf-8", "replace"), (*_HEADERS, ("Content-Security-Policy", policy)))


# A referrer would carry the page's address to merchants; "no-referrer" would make browsers hide a form's origin.
_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)


def _policy(style: str, code: str, *, forms_to: str) -> str:
    allowed = [
        "default-src 'none'",
        f"style-src {_hash(style)}",
        "img-src data:",
        f"form-action 'self' {forms_to}".rstrip(),
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    if code:
        allowed[3:3] = [f"script-src {_hash(code)}", "connect-src 'self'"]
    return "; ".join(allowed)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


class FormKeys:
    """Keys for forms: only who was shown a page can send its form."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def key(self, about: str) -> str:
        """What the form about *about* carries."""
        return hmac.new(self._secret, about.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:_KEY_CHARS]

    def fits(self, about: str, shown: str) -> bool:
        """Whether *shown* came out of such a form."""
        return hmac.compare_digest(self.key(about).encode(), shown.encode("utf-8", "replace"))


class PageWords:
    """The words of a folder's pages, in both languages of the house, kept as data."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @cached_property
    def table(self) -> Mapping[str, Mapping[str, str]]:
        """Every text by its name, then by language."""
        return tomllib.loads(self._file.read_text("utf-8"))

    def in_language(self, language: Language) -> Mapping[str, str]:
        """Every text by its name."""
        return {name: texts[language] for name, texts in self.table.items()}


def language_of(*, asked: str, accepted: str) -> Language:
    """
    Which language a reader wants.

    Args:
        asked: by hand, "zh" or "en"; anything else does not count.
        accepted: the browser's `Accept-Language`.

    Returns:
        English unless Chinese was asked for, or is preferred.
    """
    if asked in {"zh", "en"}:
        return "zh" if asked == "zh" else "en"
    best: Language = "en"
    best_weight = 0.0
    for part in accepted.split(","):
        tag, _, weight_text = part.strip().lower().partition(";q=")
        name = tag.partition("-")[0]
        weight = _weight(weight_text)
        if name in {"zh", "en"} and weight > best_weight:
            best, best_weight = ("zh" if name == "zh" else "en"), weight
    return best


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
