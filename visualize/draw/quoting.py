"""Every escape. Names, comments and labels come from strangers' tarballs: here, and only here, they become safe to show."""

import json
import unicodedata
from functools import lru_cache
from types import NoneType


def visible(text: str) -> str:
    """Control characters, text-direction overrides and stray bytes shown as escapes; everything else as it is."""
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8 (surrogateescape)
        return f"\\x{code - 0xDC00:02x}"
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return character


def terminal(text: str) -> str:
    """For a terminal: no escape sequence gets through; line ends stay where the text is ours to lay out."""
    return "\n".join(visible(line) for line in text.split("\n"))


@lru_cache(maxsize=20000)
def html(text: str) -> str:
    """For HTML and SVG."""
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def data_block(record: object) -> str:
    """JSON for a data block of a page: every text made visible, and no character that could end the block or begin another."""
    text = json.dumps(_all_visible(record), ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _all_visible(record: object) -> object:
    match record:
        case str():
            return visible(record)
        case dict():
            return {key: _all_visible(value) for key, value in record.items()}
        case list() | tuple():
            return record if set(map(type, record)) <= {int, NoneType} else [_all_visible(item) for item in record]
        case _:
            return record


def label(text: str) -> str:
    """For Graphviz' HTML-like labels and their attributes, in which `\\N` would become the node's name."""
    return html(text).replace("\\", "\\\\")


@lru_cache(maxsize=20000)
def dot(text: str) -> str:
    """A quoted DOT string. Backslashes are doubled, so that no `\\N` or `\\G` of a name is expanded."""
    lines = [visible(line).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n")]
    return '"' + "\\n".join(lines) + '"'


def mermaid(text: str) -> str:
    """Inside a quoted Mermaid label, which is HTML to a browser: what could mean something becomes Mermaid's own entities."""
    return "".join(f"#{ord(c)};" if c in '"#&<>`;|\\{}[]*~' else c for c in visible(text))


def markdown(text: str) -> str:
    """In Markdown text or a table's cell: no emphasis, no link, no HTML, no new cell."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>|~&" else c for c in visible(text))


def code(text: str) -> str:
    """A code span in a Markdown table's cell; a backtick ends none of it, a bar no cell."""
    return f"`{visible(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`" if text else ""
