"""Graphviz' SVG, cleaned for a page: an allowlist of elements and attributes, drawing units, no script, no style, no foreign link."""

import re
from xml.etree import ElementTree

from visualize.draw.quoting import html

_SVG = "{http://www.w3.org/2000/svg}"
_TAGS = {"svg", "g", "path", "polygon", "polyline", "ellipse", "rect", "text", "tspan", "title", "a"}
_ATTRIBUTES = {"id", "class", "d", "points", "cx", "cy", "rx", "ry", "x", "y", "width", "height", "viewBox", "transform", "fill", "stroke",
               "stroke-width", "stroke-dasharray", "text-anchor", "font-family", "font-size", "font-weight", "opacity", "fill-opacity",
               "stroke-opacity", "textLength", "lengthAdjust"}
_PLAIN = re.compile(r"[^<>\"'`;{}\\]*")  # a value that can mean nothing else


def cleaned(svg: str) -> str:
    """The drawing as markup for a page; "" where there is none. Raises ElementTree.ParseError where it is no XML."""
    return _element(ElementTree.fromstring(svg), True) if svg else ""


def _element(node: ElementTree.Element, outermost: bool = False) -> str:
    tag = str(node.tag).removeprefix(_SVG)
    if tag not in _TAGS:
        return ""
    size = {"width", "height"} if outermost else set()
    kept = "".join(f' {name}="{html(value)}"' for name, value in node.attrib.items()
                   if name in _ATTRIBUTES and name not in size and _PLAIN.fullmatch(value))
    inside = html(node.text or "") if tag in ("text", "tspan", "title") else ""
    return f"<{tag}{kept}>{inside}{''.join(map(_element, node))}</{tag}>"
