"""Bytes to text as people send it: other encodings, byte-order marks, colours, carriage returns, what `script` records.

Line numbers stay: what is taken out never takes a line break with it, so that a finding's line is the line of the file.
"""

import re
from collections import deque
from dataclasses import dataclass

MAX_LINE = 1_000_000  # characters; no tool prints longer lines, but for JSON
# ECMA-48: CSI sequences, OSC (window titles) up to BEL or ST, charset choices, and the two-character ones
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[()*+][0-9A-Za-z]|[ -~])|\x9b[0-?]*[ -/]*[@-~]")
_OTHER_CONTROLS = re.compile(r"[\x00\x07\x08\x0e\x0f\x1b]")
_NOT_UTF8 = re.compile(r"[\udc80-\udcff]")
_UNUSUAL = b"\x00\x07\x08\x0e\x0f\x1b\r"
_SCRIPT = re.compile(r"^Script (?:started|done)\b", re.M)


@dataclass(frozen=True, slots=True)
class Readable:
    """Text with remarks on what had to be done to read it: (line, why), line 0 for the whole file."""

    text: str
    remarks: tuple[tuple[int, str], ...] = ()


_recent: deque[tuple[bytes, Readable]] = deque(maxlen=4)  # a file is asked for its text by each who looks what it is


def readable(data: bytes) -> Readable:
    """Decode captured bytes. Never fails: what is not text in any encoding is kept as surrogates, and said."""
    for held, found in _recent:
        if held is data:  # not by value: a hash of many megabytes takes longer than to read them
            return found
    found = _readable(data)
    _recent.append((data, found))
    return found


def _readable(data: bytes) -> Readable:
    if data.isascii() and not any(byte in data for byte in _UNUSUAL) and not _too_long(data):
        return Readable(data.decode("ascii"))
    remarks: list[tuple[int, str]] = []
    text = _decoded(data, remarks)
    if "\r" in text:
        text = _without_returns(text)
    if "\x1b" in text or "\x9b" in text:
        text = _ESCAPES.sub("", text)
    if "\x08" in text:
        text = "\n".join(_typed_over(line) if "\x08" in line else line for line in text.split("\n"))
    if (control := _OTHER_CONTROLS.search(text)) is not None:
        line = text.count("\n", 0, control.start()) + 1
        remarks.append((line, f"{len(_OTHER_CONTROLS.findall(text))} control characters (NUL, BEL, ...) taken out"))
        text = _OTHER_CONTROLS.sub("", text)
    return Readable(_shortened(text, remarks), tuple(remarks))


def _too_long(data: bytes) -> bool:
    """Whether some line is longer than MAX_LINE."""
    start = 0
    while len(data) - start > MAX_LINE:
        start = data.rfind(b"\n", start, start + MAX_LINE + 1) + 1
        if not start:
            return True
    return False


def _decoded(data: bytes, remarks: list[tuple[int, str]]) -> str:
    coding = _wide(data)
    if coding is not None:
        remarks.append((0, f"the text is {coding.upper()}, as Windows tools save it"))
        return data.decode(coding, "replace").lstrip("\ufeff")
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    if (odd := _NOT_UTF8.search(text)) is not None:
        line = text.count("\n", 0, odd.start()) + 1
        remarks.append((line, f"{len(_NOT_UTF8.findall(text))} bytes are not UTF-8; kept as they are"))
    return text


def _wide(data: bytes) -> str | None:
    """UTF-16 by its byte-order mark, or by a NUL in every other byte of its beginning."""
    if data.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if data.startswith(b"\xfe\xff"):
        return "utf-16-be"
    head = data[:2048]
    if b"\0" not in head or len(head) < 8:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > 0.6 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 * half and odd < 0.1 * half else None


def _without_returns(text: str) -> str:
    """CRLF (and `script`'s CRCRLF) is a line's end; in the midst of a line a return starts it again; alone it is old Mac OS' line end."""
    if "\n" not in text:
        return text.replace("\r", "\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] if "\r" in line else line for line in text.split("\n"))


def _typed_over(line: str) -> str:
    """What stands there once each backspace has taken the character before it (`script` records what was typed)."""
    kept: list[str] = []
    for character in line:
        if character != "\x08":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)


def _shortened(text: str, remarks: list[tuple[int, str]]) -> str:
    if len(text) <= MAX_LINE or text.lstrip()[:1] in ("[", "{"):
        return text
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            remarks.append((number, f"a line of {len(line)} characters; cut off"))
            lines[number - 1] = line[:MAX_LINE]
    return "\n".join(lines)


def without_prefix(text: str) -> str:
    """Take off what a mail or chat program put before every line: `> `, `# `, `| `, spaces; also Markdown's fences and indentation."""
    lines = text.split("\n")
    if "```" in text:
        lines = ["" if line.lstrip().startswith("```") else line for line in lines]
    lines = ["" if _SCRIPT.match(line) else line for line in lines]
    for _ in range(4):
        full = [line for line in lines if line.strip()]
        found = next(
            (
                p
                for p in ("> ", ">", "# ", "| ", "\t", "    ", "  ", " ")
                if len(full) > 1 and all(line.startswith(p) or line.strip() == p.strip() for line in full)
            ),
            None,
        )
        if found is None:
            break
        lines = [line[len(found) :] if line.startswith(found) else "" for line in lines]
    return "\n".join(lines)
