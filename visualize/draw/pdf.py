"""PDF files whose objects stand in one order: vl-convert names and writes a picture's fonts in an order that differs from run to run.

A file (ISO 32000-1, 7.5) is numbered objects, a table of where each begins, and a trailer that names the first of them. Objects are numbered
anew as they are first referred to from the trailer on, and written in that order.
"""

import re

_TABLE = re.compile(rb"xref\s+0 (\d+)\s+((?:\d{10} \d{5} [fn]\s{2})+)\s*trailer\s*(.*?)\s*startxref", re.S)
_REFERENCE = re.compile(rb"\b(\d+) 0 R\b")
_NAMED = re.compile(rb"(?:^ *\/[A-Za-z]+\d+ \d+ 0 R\n){2,}", re.M)  # names of a dictionary, whose order means nothing


def ordered(data: bytes) -> bytes:
    """The same document; what is written in another way than expected stays as it is."""
    table = _TABLE.search(data)
    if table is None:
        return data
    entries = table[2].splitlines()
    objects = {number: body for number, entry in enumerate(entries) if entry[17:18] == b"n" and (body := _body(data, number, int(entry[:10])))}
    numbers = _numbers(table[3], objects)
    out = bytearray(data[:min(int(entry[:10]) for entry in entries if entry[17:18] == b"n")])
    places = []
    for old, new in numbers.items():
        if old not in objects:
            return data
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n\n" % (new, _renumbered(objects[old], numbers))
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f\r\n" % (len(places) + 1) + b"".join(b"%010d 00000 n\r\n" % place for place in places)
    trailer = re.sub(rb"/Size \d+", b"/Size %d" % (len(places) + 1), _renumbered(table[3], numbers))
    return bytes(out + b"trailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (trailer, start))


def _body(data: bytes, number: int, place: int) -> bytes:
    """What stands between `obj` and `endobj`; a stream is passed by its length."""
    head = b"%d 0 obj" % number
    if not data.startswith(head, place):
        return b""
    begin = place + len(head)
    stream = re.compile(rb"/Length (\d+)(?:(?!endobj).)*?\bstream\r?\n", re.S).search(data, begin, data.find(b"endobj", begin) + 1)
    end = data.find(b"endobj", stream.end() + int(stream[1]) if stream is not None else begin)
    body = data[begin:end].strip(b"\r\n")
    words = _words(body)
    return _NAMED.sub(lambda lines: b"".join(sorted(lines[0].splitlines(keepends=True))), body[:words]) + body[words:]


def _words(body: bytes) -> int:
    """Where an object's stream of bytes begins, or its end."""
    at = body.find(b"stream")
    return len(body) if at < 0 else at


def _numbers(trailer: bytes, objects: dict[int, bytes]) -> dict[int, int]:
    """The new number of each object that is referred to, in order."""
    found: dict[int, int] = {}
    waiting = [int(one) for one in _REFERENCE.findall(trailer)][::-1]
    while waiting:
        number = waiting.pop()
        if number not in found:
            found[number] = len(found) + 1
            body = objects.get(number, b"")
            waiting += [int(one) for one in _REFERENCE.findall(body, 0, _words(body))][::-1]
    return found


def _renumbered(body: bytes, numbers: dict[int, int]) -> bytes:
    end = _words(body)
    return _REFERENCE.sub(lambda one: b"%d 0 R" % numbers[int(one[1])], body[:end]) + body[end:]
