"""The page: its markup, style and script from `static/`, the data as one inert block, and a Content-Security-Policy that names both by hash.

Nothing else may run, load or be sent: `default-src 'none'`, no inline handler, no style attribute, no other origin.
"""

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from visualize.draw.palette import dark_css
from visualize.draw.quoting import data_block, html
from visualize.draw.report.svg import cleaned

_SCRIPTS = ("base.js", "model.js", "parts.js", "filter.js", "row.js", "table.js", "list.js", "words.js", "drawing.js", "viewport.js", "flow.js",
            "rules.js", "topology.js", "doubts.js", "summary.js", "main.js")


@cache
def _static(name: str) -> str:
    return (files(__package__) / "static" / name).read_text(encoding="utf-8")


def _script() -> str:
    return "'use strict';\n(() => {\n" + "\n".join(map(_static, _SCRIPTS)) + "})();\n"


@cache
def _style() -> str:
    """The page's style, and the topology's colours for dark pages (on paper it is light)."""
    chosen, preferred = dark_css(":root[data-theme=dark] .graphviz"), dark_css(":root:not([data-theme=light]) .graphviz")
    return _static("report.css") + f"@media screen {{\n{chosen}\n@media (prefers-color-scheme: dark) {{\n{preferred}\n}}\n}}\n"


def _hash(text: str) -> str:
    return "'sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def page(record: dict[str, Any], topology: str) -> str:
    """The whole file. `topology` is Graphviz' SVG of the host; only shapes, text and titles of it are kept."""
    style, script = _style(), _script()
    policy = f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    name = record["host"]["name"] or record["origin"]["snapshot"]
    return Template(_static("page.html")).substitute(
        policy=policy, title=html(f"packetpath: {name}"), style=style, script=script, data=data_block(record), topology=cleaned(topology))
