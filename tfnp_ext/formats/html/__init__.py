"""``text/html``: ink on the host's own paper.

Only what an untrusted notebook's sanitizer keeps: plain inline styles, ``details``, tables, images as data URIs; no
script, no SVG. One extra ``<style>`` makes what is folded tighter where it is kept. All text is escaped here.
"""

from __future__ import annotations

from tfnp_ext.document import Document
from tfnp_ext.formats.html import pictures, tables, trees
from tfnp_ext.formats.html.blocks import write_all
from tfnp_ext.formats.html.inline import write_heading

__all__ = ["pictures", "render_html", "tables", "trees"]

_FACE = '"Helvetica Neue","Segoe UI",Arial,sans-serif'
_NO_FORMULAS = " mathjax_ignore tex2jax_ignore"
_STYLE = (
    "<style>.tfnp td,.tfnp th{padding:1px 7px;line-height:16px}.tfnp th{font-weight:400;opacity:.66}"
    ".tfnp{font-variant-numeric:tabular-nums}.tfnp summary:hover{opacity:1!important}</style>"
)


def render_html(document: Document) -> str:
    """Returns a card as HTML."""
    body = write_heading(document.heading) + write_all(document.blocks)
    style = _STYLE if "<details" in body else ""  # an open table has its own
    # Notebooks make a formula of what stands between dollars, and one of two backslashes: in the user's words neither.
    kept = _NO_FORMULAS if "$" in body or "\\" in body else ""
    return f"<div class=\"tfnp{kept}\" style='font:13px/19px {_FACE};margin:0'>{style}{body}</div>"
