"""
Pages for people: one HTML file that needs nothing else, no network, no script, no build step.

How another report builds on it:

    from harness.reports.html import Page, Section, fragment, render

    body = fragment("timeline.html", rows=rows, drawing=Markup(svg))  # a template of yours in `templates/`
    page = Page(title="payproof chaos", verdict=verdict, facts={"seed": "7"}, sections=[Section("Timeline", body)])
    (run_dir / "report.html").write_text(render(page, lang="en"), encoding="utf-8")

Everything that a template is given is escaped, but for `markupsafe.Markup`: an SVG that you drew yourself, or another
fragment. Colours are CSS variables that follow the reader's light or dark screen; drawings use the same ones:
`var(--ink)`, `var(--soft)`, `var(--line)`, `var(--paper)`, `var(--card)`, `var(--good)`, `var(--bad)`, `var(--warn)`,
`var(--accent)`. Wide things (tables, drawings) go into `<div class="wide">`, which scrolls by itself on a phone;
`<details>` are open on paper. Classes that templates share: `verdict PASS`, `figures` (a list of dt/dd), `mono`, `dim`.
"""

from harness.reports.html.page import Page, Section, fragment, render

__all__ = ["Page", "Section", "fragment", "render"]
