"""Colours: Okabe and Ito's, darkened where white text stands on them; one set for light paper and one for dark.

Nothing is told by colour alone: every card has its word and its mark, rewrites and drops a thick frame, replies a hollow arrow, doubts dashes.
In the light set every colour has one meaning, so that a style sheet can turn a light SVG dark (`dark_css`).
"""

from dataclasses import dataclass
from enum import Enum
from functools import cache

from visualize.draw.scene import Kind, Line, Look


class Theme(Enum):
    """Light or dark paper."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Tone:
    """A card: its bar, the text on the bar, its paper, its frame and the frame's width in points. `mark` stands before the title."""

    bar: str
    on_bar: str
    paper: str
    frame: str
    pen: int = 1
    mark: str = ""


# light colour -> dark colour; each light colour occurs for one purpose only
INK, DIM, PAGE = "#1a1a1a", "#595959", "#ffffff"
_DARK = {
    INK: "#ececec", DIM: "#a9adb3", PAGE: "#17191c",
    "#f6f7f8": "#1f2226", "#c3c7cc": "#4a4f57",  # the host's frame
    "#fdfdfd": "#26292e", "#70757c": "#8d939b",  # a container's frame
    "#fefefe": "#2b2f35", "#a7adb5": "#5c636d",  # plain cards
    "#404850": "#c9ced6", "#fffffd": "#17191c",  # start: bar and the text on it
    "#0072b2": "#1a86c7", "#eaf3fa": "#1d2b37", "#fffffe": "#ffffff",  # a rule let it pass
    "#e69f00": "#e69f00", "#fff6e0": "#372b12", "#b37400": "#e69f00", "#1a1a19": "#1a1a1a",  # a rewrite
    "#00704f": "#18a67c", "#e8f5f0": "#17302a", "#fffffc": "#0d1512",  # the end that was hoped for
    "#a83800": "#e8703a", "#fdeee7": "#3a2118", "#fffffb": "#1a0d07",  # dropped
    "#8a4a70": "#d68fb6", "#fbf2f7": "#33222d", "#fffffa": "#1d1218",  # replies and answers
    "#e4e7ea": "#3a3f46", "#fffef2": "#2e2c1c", "#8f8a3c": "#b9b36a",  # a bar without weight; notes
    "#303841": "#c3cad3",  # arrows
}
_PLAIN = Tone("#e4e7ea", INK, "#fefefe", "#a7adb5")
_TONES = {
    Look.START: Tone("#404850", "#fffffd", "#fefefe", "#404850"),
    Look.HOP: _PLAIN,
    Look.PASS: Tone("#0072b2", "#fffffe", "#eaf3fa", "#0072b2", mark="√"),
    Look.REWRITE: Tone("#e69f00", "#1a1a19", "#fff6e0", "#b37400", 3, "↔"),
    Look.DELIVERED: Tone("#00704f", "#fffffc", "#e8f5f0", "#00704f", 2, "■"),
    Look.FORWARDED: Tone("#00704f", "#fffffc", "#e8f5f0", "#00704f", 2, "►"),
    Look.DROPPED: Tone("#a83800", "#fffffb", "#fdeee7", "#a83800", 3, "×"),
    Look.UNKNOWN: Tone("#a83800", "#fffffb", "#fefefe", "#a83800", 2, "?"),
    Look.ANSWER: Tone("#8a4a70", "#fffffa", "#fbf2f7", "#8a4a70", 1),
    Look.NOTE: Tone("#e4e7ea", INK, "#fffef2", "#8f8a3c"),
    Look.WORLD: Tone("#e4e7ea", INK, PAGE, "#70757c"),
    Look.INTERFACE: _PLAIN,
    Look.BRIDGE: Tone("#00704f", "#fffffc", "#fefefe", "#00704f"),
    Look.CHAIN: Tone("#0072b2", "#fffffe", "#fefefe", "#0072b2"),
    Look.PARTING: Tone("#a83800", "#fffffb", "#fdeee7", "#a83800", 2, "≠"),
}
_TEXT = {Kind.TEXT: INK, Kind.STRONG: INK, Kind.CODE: INK, Kind.DIM: DIM, Kind.HEADER: INK, Kind.SEEN: "#00704f", Kind.NOT_SEEN: DIM,
         Kind.CONTRADICTED: "#a83800", Kind.DOUBT: "#a83800"}
_LINES = {Line.ORIGINAL: "#303841", Line.REPLY: "#8a4a70", Line.CABLE: "#70757c", Line.PORT: "#00704f", Line.BEGETS: "#8a4a70",
          Line.JUMP: "#0072b2", Line.PUBLISHED: "#b37400", Line.HIDDEN: PAGE}
MARKS = {Kind.SEEN: "●", Kind.NOT_SEEN: "○", Kind.CONTRADICTED: "!", Kind.DOUBT: "?"}


def shade(light: str, theme: Theme) -> str:
    """A light set's colour as this theme has it."""
    return light if theme is Theme.LIGHT else _DARK[light]


@cache
def tone(look: Look, theme: Theme) -> Tone:
    """How a card looks."""
    found = _TONES[look]
    return Tone(shade(found.bar, theme), shade(found.on_bar, theme), shade(found.paper, theme), shade(found.frame, theme), found.pen, found.mark)


def text_colour(kind: Kind, theme: Theme) -> str:
    """The colour of a row."""
    return shade(_TEXT[kind], theme)


def line_colour(line: Line, theme: Theme) -> str:
    """The colour of an edge."""
    return shade(_LINES[line], theme)


def frame_colours(container: bool, theme: Theme) -> tuple[str, str]:
    """Paper and frame of a namespace."""
    paper, frame = ("#fdfdfd", "#70757c") if container else ("#f6f7f8", "#c3c7cc")
    return shade(paper, theme), shade(frame, theme)


@cache
def dark_css(scope: str = "") -> str:
    """CSS that turns a light SVG dark. `scope` is a selector before each rule, e.g. `:root[data-theme=dark] svg`; empty: any element."""
    before = f"{scope} " if scope else ""
    rules = [f'{before}[{name}="{light}"]{{{name}:{dark}}}' for light, dark in _DARK.items() if light != dark for name in ("fill", "stroke")]
    return "\n".join(rules)
