"""QR codes as SVG: what a buyer scans, drawn on the server so that a page needs no script for it."""

from __future__ import annotations

import segno


def qr_svg(text: str) -> str:
    """Draw *text* as an SVG element that scales with its place; dark modules on a light ground, whatever the page."""
    code = segno.make(text, micro=False, error="m")
    return code.svg_inline(scale=1, border=3, dark="#111", light="#fff", omitsize=True, svgclass="qr", lineclass=None)
