"""What each iptables extension prints of itself in `iptables -L`, turned back into the options that `iptables -S` prints.

A listing says `tcp dpt:80 flags:0x17/0x02` where a rule says `-m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN`.  The forms are those of
the extensions' own print functions (iptables `extensions/libxt_*.c`, `libipt_*.c`, `libip6t_*.c`), of 1.4 to 1.8, with `-n` and without.
What is not known here, and what a listing leaves out, becomes a clause `listing` that no packet can be judged by.  The forms are more than a
hundred patterns, compiled only where a listing is read.
"""

from snapshot.host.firewall import Clause, Option
from snapshot.parse.listing_options import Options


def lost(why: str) -> Clause:
    """A clause for what the listing does not tell."""
    return Clause("listing", (Option("--why", (why,)),))


def extensions(text: str, target: str) -> tuple[tuple[Clause, ...], Options]:
    """What stands behind a row's addresses: its matches in order, and the target's own options."""
    from snapshot.parse.listing_targets import TARGETS
    forms = TARGETS.get(target, ())
    clauses: list[Clause] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        for pattern, make in forms:
            match = pattern.match(text, position)
            if match is not None:
                return tuple(clauses), make(match)
        clause, position = _next(text, position, clauses)
        clauses += clause
    for pattern, make in forms:
        if (match := pattern.match("")) is not None:
            return tuple(clauses), make(match)
    return tuple(clauses), ()


def _next(text: str, position: int, before: list[Clause]) -> tuple[list[Clause], int]:
    """The clause at a position, and where the next one begins; a word that nothing prints is what the listing does not tell."""
    from snapshot.parse.listing_matches import LOSSY, MATCHES
    for name, pattern, make in MATCHES:
        match = pattern.match(text, position)
        if match is not None and match.end() > position:
            return [Clause(name, make(match))], match.end()
    for pattern, why in LOSSY.values():
        match = pattern.match(text, position)
        if match is not None:
            return [lost(why)], match.end()
    end = position
    while end < len(text) and not text[end].isspace():
        end += 1
    if before and before[-1].name == "listing" and before[-1].options[0].values[0].startswith("what "):
        return [], end  # one remark for all the words that follow
    return [lost(f"what the listing prints as {text[position:].strip()[:80]!r} is not understood")], end
