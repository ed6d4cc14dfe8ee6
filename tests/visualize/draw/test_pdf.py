"""PDF files with their objects in one order."""

from visualize.draw.pdf import ordered


def document(first: int, second: int) -> bytes:
    """A page with two fonts, which are objects of these numbers and named in this order; a stream that looks like references."""
    bodies = {1: b"<<\n /Type /Catalog\n /Pages 2 0 R\n>>", 2: b"<<\n  /Font <<\n      /f%d %d 0 R\n      /f%d %d 0 R\n  >>\n>>" % (
        first - 2, first, second - 2, second), 3: b"<< /Name /One /Length 14 >>\nstream\n9 0 R endobj 1\nendstream", 4: b"<< /Name /Two >>"}
    out, places = bytearray(b"%PDF-1.7\n"), {}
    for number in (1, 2, first, second):
        places[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n\n" % (number, bodies[number])
    table = b"".join(b"%010d 00000 n\r\n" % places[number] for number in sorted(places))
    return bytes(out) + b"xref\n0 5\n0000000000 65535 f\r\n" + table + b"trailer\n<<\n /Size 5\n /Root 1 0 R\n>>\nstartxref\n%d\n%%%%EOF" % len(out)


def test_the_order_of_writing_does_not_show() -> None:
    """Objects and names in any order give one file, whose table tells where each object begins; streams are left alone."""
    one, other = document(3, 4), document(4, 3)
    assert one != other
    made = ordered(one)
    assert made == ordered(other) == ordered(made)
    assert b"9 0 R endobj 1" in made
    start = int(made.split(b"startxref\n")[1].split()[0])
    assert made[start:].startswith(b"xref\n0 5\n")
    for number, entry in enumerate(made[start:].splitlines()[3:7], 1):
        assert made[int(entry[:10]):].startswith(b"%d 0 obj" % number)


def test_what_is_written_otherwise_stays() -> None:
    """No table, no change."""
    assert ordered(b"%PDF-1.7 with object streams") == b"%PDF-1.7 with object streams"
