"""How wide text is: Graphviz' own estimate for Arial and Courier New (its AFM widths; a character beyond ASCII counts a space for each byte).

Graphviz-pure measures with these numbers on every system. Boxes are filled by them, and SVG pins every text to them (`textLength`), so that no
text runs out of its box whatever font a viewer has.
"""

from functools import lru_cache

from visualize.draw.quoting import visible

SANS, MONO = "Arial", "Courier New"
_REGULAR = ("278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 "
            "1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 "
            "333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584")
_BOLD = ("278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 584 584 584 611 "
         "975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 "
         "333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556 500 389 280 389 584")
_WIDTHS = {bold: tuple(map(int, text.split())) for bold, text in ((False, _REGULAR), (True, _BOLD))}
_MONO_WIDTH = 600


@lru_cache(maxsize=20000)
def width(text: str, size: float, bold: bool = False, mono: bool = False) -> float:
    """The width of a line in points."""
    if mono:
        return len(text.encode(errors="surrogateescape")) * _MONO_WIDTH * size / 1000
    table = _WIDTHS[bold]
    units = sum(table[ord(c) - 32] if " " <= c <= "~" else 278 * len(c.encode(errors="surrogateescape")) for c in text)
    return units * size / 1000


@lru_cache(maxsize=20000)
def wrap(text: str, room: float, size: float, bold: bool = False, mono: bool = False, indent: str = "") -> tuple[str, ...]:
    """The text as it will be seen, in lines of at most `room` points, broken at spaces, and within a word only where it alone is too long.

    Later lines begin with `indent`.
    """
    lines: list[str] = []
    line = ""
    for word in visible(text).split(" "):
        for part in _parts(word, room - width(indent, size, bold, mono), size, bold, mono):
            candidate = f"{line} {part}" if line.strip() else line + part
            if line.strip() and width(candidate, size, bold, mono) > room:
                lines.append(line)
                candidate = indent + part
            line = candidate
    return (*lines, line) if line or not lines else tuple(lines)


def _parts(word: str, room: float, size: float, bold: bool, mono: bool) -> list[str]:
    """A word cut where it is longer than the room: after `,`, `/`, `-` or `:` in its last third, if there is one."""
    parts = []
    while word and width(word, size, bold, mono) > room:
        end = next(n for n in range(len(word), 0, -1) if n == 1 or width(word[:n], size, bold, mono) <= room)
        nice = max(word.rfind(c, 0, end) for c in ",/-:") + 1
        if nice > end * 2 // 3:
            end = nice
        parts.append(word[:end])
        word = word[end:]
    return [*parts, word] if word or not parts else parts
