"""Finishing touches for Graphviz' SVG: every text pinned to its measured width, titles that people can read, a name, light and dark.

Ids and classes (the scheme that a page may build on): `<g id="PREFIXo4" class="node rewrite">` is a card, `<g id="PREFIXo0-o4"
class="edge original">` an arrow, `<g id="PREFIXplace0" class="cluster">` a frame. A row that quotes a rule is an
`<a xlink:href="#rule=FILE:LINE">`, FILE percent-encoded.
"""

from xml.etree import ElementTree

from visualize.draw.measure import MONO, width
from visualize.draw.palette import dark_css
from visualize.draw.quoting import visible

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_HREF, _TIP = f"{{{_XLINK}}}href", f"{{{_XLINK}}}title"
ElementTree.register_namespace("", _SVG)
ElementTree.register_namespace("xlink", _XLINK)


def finish(picture: bytes, title: str, caption: str, follow_reader: bool = False) -> bytes:
    """A whole SVG file. With `follow_reader` it turns dark where the reader prefers dark (it must have been drawn light)."""
    root = _finished(picture, title, caption)
    if follow_reader:
        style = ElementTree.Element(f"{{{_SVG}}}style")
        style.text = f"@media (prefers-color-scheme: dark) {{\n{dark_css()}\n}}"
        root.insert(0, style)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def fragment(picture: bytes, title: str, caption: str) -> str:
    """The `<svg>` element alone, to stand in a page; the page's style sheet may hold `palette.dark_css(...)`."""
    return ElementTree.tostring(_finished(picture, title, caption), encoding="unicode")


def _finished(picture: bytes, title: str, caption: str) -> ElementTree.Element:
    root = ElementTree.fromstring(picture)
    title, caption = visible(title), visible(caption)
    root.set("role", "img")
    root.set("aria-label", title)
    for group in root.iter(f"{{{_SVG}}}g"):
        _name(group, title if group.get("class") == "graph" else None)
    for text in root.iter(f"{{{_SVG}}}text"):
        _pin(text)
    for link in root.iter(f"{{{_SVG}}}a"):
        if link.get(_HREF) is None and link.get(_TIP) is not None:
            link.attrib.pop(_TIP)  # the title element says it
    description = ElementTree.Element(f"{{{_SVG}}}desc")
    description.text = caption
    root.insert(0, description)
    return root


def _name(group: ElementTree.Element, title: str | None) -> None:
    """Graphviz puts a node's own name into its title; readers get the tooltip's words, and nothing where there are none."""
    element = group.find(f"{{{_SVG}}}title")
    if element is None:
        return
    tip = title or next((link.get(_TIP) for link in group.iter(f"{{{_SVG}}}a") if link.get(_HREF) is None and link.get(_TIP)), None)
    if tip:
        element.text = tip
    else:
        group.remove(element)


def _pin(text: ElementTree.Element) -> None:
    """A viewer without the font squeezes or stretches the text to the width that its box was made for."""
    content = text.text or ""
    size = float(text.get("font-size", "14"))
    measured = width(content, size, text.get("font-weight") == "bold", text.get("font-family") == MONO)
    if len(content) > 1:
        text.set("textLength", f"{measured:.2f}")
        text.set("lengthAdjust", "spacingAndGlyphs")
    family = text.get("font-family", "")
    text.set("font-family", "Courier New,Liberation Mono,Cousine,monospace" if family == MONO else "Arial,Liberation Sans,Arimo,Helvetica,sans-serif")


