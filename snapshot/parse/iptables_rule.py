"""One rule as iptables-save prints it: words, grouped by options; nothing understood.

    -A FORWARD ! -s 10.0.0.0/8 -p tcp -m comment --comment "two words" -m tcp --dport 22 -j LOG --log-prefix "ssh: "

Options are grouped as iptables itself groups them: what stands before `-m` is iptables' own (a Clause named ""), what follows
`-m NAME` belongs to that match, what follows `-j NAME` to that target.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from snapshot.host.firewall import Clause, Option, Parts, Rows, Rule

_LONG = {"--source": "-s", "--src": "-s", "--destination": "-d", "--dst": "-d", "--in-interface": "-i", "--out-interface": "-o",
         "--protocol": "-p", "--proto": "-p", "--fragment": "-f", "--fragments": "-f", "--jump": "-j", "--goto": "-g",
         "--match": "-m", "--append": "-A", "--ipv4": "-4", "--ipv6": "-6"}
_OWN = {"-s", "-d", "-i", "-o", "-p", "-f", "-4", "-6"}
_IMPLIED = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmp6", "ipv6-icmp": "icmp6", "icmpv6": "icmp6", "132": "sctp",
            "33": "dccp", "136": "udplite"}
_ESCAPE = re.compile(r"\\(.)")
# one token: "quoted" with \-escapes, 'quoted', or bare
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|(\S+)')
_COUNTERS = re.compile(r"\[(\d+):(\d+)\] ")
_NOT = ("!", False)
_NAMED = {"-m", "-j", "-g", "-c", "--set-counters"}  # what can't stand without a word behind it
Word = tuple[str, bool]  # the flag tells that it was quoted


class Problem(Exception):
    """A line that can't be read; the message says why."""


def tokens(text: str) -> list[Word]:
    """Split a rule into words. Raises Problem for a quote that never ends."""
    if '"' not in text and "'" not in text:
        return [(word, False) for word in text.split()]
    found: list[Word] = []
    for match in _TOKEN.finditer(text):
        double, single, bare = match.groups()
        if double is not None:
            found.append((_ESCAPE.sub(r"\1", double), True))
        elif single is not None:
            found.append((single, True))
        elif bare.startswith('"'):
            raise Problem("a quote that never ends")
        else:
            found.append((bare, False))
    return found


def rule(text: str, chain_line: tuple[str, int], number: int, counters: tuple[int, int] | None = None) -> Rule:
    """Parse one `-A` line (without its counters; a `-c` in the text stands for them). Raises Problem."""
    words = tokens(text)
    if len(words) < 2:
        raise Problem("-A without a chain")
    parts = read_parts(text)
    file, line = chain_line
    packets, total = counters or _own_counters(words)
    return Rule(words[1][0], number, parts, parts.target.name if parts.target else "", text, file, line, packets, total)


def _own_counters(words: list[Word]) -> tuple[int, int] | tuple[None, None]:
    """What `-c PACKETS BYTES` says."""
    plain = [word for word, _ in words]
    at = next((at for at, word in enumerate(words) if word in (("-c", False), ("--set-counters", False))), len(plain))
    numbers = plain[at + 1:at + 3]
    return (int(numbers[0]), int(numbers[1])) if len(numbers) == 2 and all(n.isdigit() for n in numbers) else (None, None)


def read_parts(text: str) -> Parts:
    """The matches and the target of one `-A` line. Raises Problem."""
    grouping = _Grouping()
    for word, values, negated in _options(tokens(text)):
        grouping.take(word, values, negated)
    return grouping.parts()


def _options(words: list[Word]) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """(option, its values, whether it is negated) of all words behind `-A CHAIN`. Raises Problem for a word that is none."""
    position, negated = 2, False
    while position < len(words):
        if words[position] == _NOT:
            negated, position = True, position + 1
            continue
        word = words[position][0]
        if not _is_option(words[position]):
            raise Problem(f"{word!r} stands where an option was expected")
        position += 1
        if words[position:position + 1] == [_NOT] and not (position + 1 < len(words) and _is_option(words[position + 1])):
            negated, position = True, position + 1  # old style: --dport ! 80
        first = position
        while position < len(words) and not _is_option(words[position]) and words[position] != _NOT:
            position += 1
        yield word, tuple([value for value, _ in words[first:position]]), negated
        negated = False


def _is_option(word: Word) -> bool:
    text, quoted = word
    return not quoted and len(text) > 1 and text[0] == "-" and not text[1].isdigit()


@dataclass(slots=True)
class _Grouping:
    """Options while they are grouped. `current`: where an option that is not iptables' own belongs."""

    own: list[Option] = field(default_factory=list)
    matches: list[tuple[str, list[Option]]] = field(default_factory=list)
    target: tuple[str, list[Option]] | None = None
    goto: bool = False
    protocol: str = ""
    current: list[Option] | None = None

    def take(self, word: str, values: tuple[str, ...], negated: bool) -> None:
        """One option with its values. Raises Problem."""
        name = _LONG.get(word, word)
        if name in _NAMED:
            if not values:
                raise Problem(f"{word} without a name")
            self._named(name, values[0])
        elif name in _OWN and self.target is None and not (word in ("--proto", "--src", "--dst") and self.current is not None):
            self.own.append(Option(name, values, negated))
            if name == "-p" and values:
                self.protocol = values[0]
        elif self.current is None:
            self.current = [Option(name, values, negated)]
            self.matches.append((self._implied(word), self.current))
        else:
            self.current.append(Option(word, values, negated))

    def _named(self, name: str, value: str) -> None:
        """`-m NAME`, `-j NAME`, `-g NAME`; counters belong to no group."""
        if name == "-m":
            self.current = []
            self.matches.append((value, self.current))
        elif name in ("-j", "-g"):
            self.current = []
            self.target, self.goto = (value, self.current), name == "-g"

    def _implied(self, word: str) -> str:
        """`-p tcp --dport 80` without `-m tcp`: iptables loads the protocol's own match."""
        if not self.protocol:
            raise Problem(f"{word} needs -p or -m before it")
        return _IMPLIED.get(self.protocol, self.protocol)

    def parts(self) -> Parts:
        """All that was taken."""
        clauses = [Clause("", tuple(self.own))] if self.own else []
        clauses += [Clause(name, tuple(options)) for name, options in self.matches]
        return Parts(tuple(clauses), Clause(self.target[0], tuple(self.target[1])) if self.target else None, self.goto)


# -- very many rules ----------------------------------------------------------------------------------------------------------


@cache
def lines(ascii_only: bool) -> re.Pattern[str]:
    """Whole lines as (text, chain, target) in one pass: of a rule that can certainly be read; (text, "", "") for any other line.

    What is certain here `read_parts` reads without a Problem, and finds the same target. Its parts are read when they are asked for.
    """
    space = r" \t\n\r\x0b\x0c\x1c-\x1f" if ascii_only else r"\s"  # one look-up in a table, where \s asks for each character
    word = rf"[^{space}\"']++"
    name = rf"[^-!{space}\"'][^{space}\"']*+"
    quoted = r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"(?=[ \n])'
    option = rf"--(?!(?:match|jump|goto|set-counters)[{space}]){word}"
    more = rf"(?: (?:{name}|-m {name}|{option}|{quoted}|!(?= -)))*+"
    own = rf"(?:(?: !)? -[sdiop] {name})*+"
    return re.compile(rf"((?:\[[0-9]+:[0-9]+\] )?-A ({name}){own}(?: -m {name}{more})?(?: -[jg] ({name}){more})?(?= *+\n)|[^\n]*+) *+\n")


def made(rows: Rows, row: int, number: int) -> Rule:
    """The rule of a line that `lines` found certain."""
    text, chain, target = rows.lines[row]
    counters = _COUNTERS.match(text) if text[0] == "[" else None
    if counters is None:
        return Rule(chain, number, read_parts, target, text, rows.file, row + 1)
    return Rule(chain, number, read_parts, target, text[counters.end():], rows.file, row + 1, int(counters[1]), int(counters[2]))
