"""
A page of titled sections, and the environment in which all templates are filled in.

It refuses to know what the sections tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.verdict import Verdict

TEMPLATES = Path(__file__).resolve().parent / "templates"


@dataclass(frozen=True, slots=True)
class Section:
    """
    One titled part of a page.

    Args:
        body: out of `fragment`; a plain text is escaped.
        anchor: what links name it by; made of its place when empty.
        note: a few words beside the title.
    """

    title: str
    body: Markup | str
    anchor: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """
    One report.

    Args:
        verdict: stands beside the title; None where nothing was judged.
        lead: a sentence below it.
        facts: seed, gateway, version; a row of names and values.
    """

    title: str
    sections: Sequence[Section]
    verdict: Verdict | None = None
    lead: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


def render(page: Page, *, lang: str = "en") -> str:
    """
    The whole file.

    Args:
        lang: of the words in it; they are the caller's.
    """
    style = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    sections = [(section.anchor or f"part-{number}", section) for number, section in enumerate(page.sections, start=1)]
    return str(fragment("base.html", page=page, sections=sections, style=style, lang=lang))


def fragment(template: str, /, **values: Any) -> Markup:
    """
    A template of the folder, filled in; whatever is no Markup is escaped.
    """
    return Markup(_environment().get_template(template).render(**values))  # noqa: S704 - escaped by the environment


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    return environment
