"""The `--where` language: `host 172.17.0.2 and port 80`, `src net 10.0.0.0/8`, `verdict dropped`, `not udp`, `container web or iface eth0`.

    expr := term { "or" term } ; term := factor { ["and"] factor } ; factor := "not" factor | "(" expr ")" | test
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Any

from visualize.packet.packet import PROTOCOL_NAMES

Record = Mapping[str, Any]
Test = Callable[[Record], bool]
_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")
_PROTOCOLS = frozenset(PROTOCOL_NAMES.values())
_DEEPEST = 100  # parentheses and negations inside each other
_VERDICTS = ("forwarded", "delivered", "dropped", "rejected", "looped", "unknown")
_CERTAINTIES = ("certain", "assumed", "unknown")
_SIDES = {"src": ("src", "src2"), "dst": ("dst", "dst2"), "": ("src", "dst", "src2", "dst2")}
_PORTS = {"src": ("sport", "sport2"), "dst": ("dport", "dport2"), "": ("sport", "dport", "sport2", "dport2")}


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.words = [(match[1], match.start(1)) for match in _TOKEN.finditer(text)]
        self.position = 0
        self.depth = 0

    def peek(self) -> str:
        return self.words[self.position][0].lower() if self.position < len(self.words) else ""

    def take(self, what: str) -> str:
        if self.position >= len(self.words):
            raise ValueError(f"{self.text!r} ends where {what} was expected")
        self.position += 1
        return self.words[self.position - 1][0]

    def fail(self, what: str) -> ValueError:
        word, column = self.words[self.position - 1]
        return ValueError(f"{self.text!r}, column {column + 1}: {word!r} stands where {what} was expected")

    def expression(self) -> Test:
        tests = [self.term()]
        while self.peek() in ("or", "||"):
            self.take("or")
            tests.append(self.term())
        return tests[0] if len(tests) == 1 else lambda record: any(test(record) for test in tests)

    def term(self) -> Test:
        tests = [self.factor()]
        while self.peek() not in ("", ")", "or", "||"):
            if self.peek() in ("and", "&&"):
                self.take("and")
            tests.append(self.factor())
        return tests[0] if len(tests) == 1 else lambda record: all(test(record) for test in tests)

    def factor(self) -> Test:
        word = self.take("a test").lower()
        if word not in ("not", "!", "("):
            return self.test(word)
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError(f"column {self.words[self.position - 1][1] + 1}: nested too deeply (more than {_DEEPEST})")
        inner = self.expression() if word == "(" else self.factor()
        if word == "(" and self.take("')'") != ")":
            raise self.fail("')'")
        self.depth -= 1
        return inner if word == "(" else lambda record: not inner(record)

    def test(self, word: str) -> Test:
        if word in _PROTOCOLS:
            return lambda record: record.get("proto") == word
        side = word if word in ("src", "dst") else ""
        if side:
            word = self.peek() if self.peek() in ("host", "net", "port") else "host"
            if self.peek() == word:
                self.take(word)
        match word:
            case "host" | "net":
                return self.address(side)
            case "port":
                return self.port(side)
            case "proto":
                return self.protocol()
            case "verdict":
                return self.choice("verdict", _VERDICTS)
            case "certainty":
                return self.choice("certainty", _CERTAINTIES)
            case "container" | "netns":
                wanted = self.take("a name")
                return lambda record: wanted in (record.get("container") or ()) or record.get("netns") == wanted
            case "iface" | "interface":
                wanted = self.take("an interface")
                return lambda record: wanted in (record.get("interface"), record.get("out_interface"))
            case "flow":
                number = self.take("a number")
                if not number.isdecimal():
                    raise self.fail("a number")
                return lambda record: str(record.get("flow")) == number
            case _:
                raise self.fail("host, net, port, src, dst, proto, verdict, certainty, container, iface, flow, not or '('")

    def address(self, side: str) -> Test:
        text = self.take("an address or network")
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            raise self.fail("an address or network") from None
        return lambda record: any(record.get(key) is not None and record[key] in network for key in _SIDES[side])

    def protocol(self) -> Test:
        name = self.take("a protocol").lower()
        if name.isdecimal() and int(name) < 256:
            name = PROTOCOL_NAMES.get(int(name), str(int(name)))
        elif name not in _PROTOCOLS:
            raise self.fail("a protocol (a name or a number)")
        return lambda record: record.get("proto") == name

    def port(self, side: str) -> Test:
        text = self.take("a port")
        low, dash, high = text.partition("-")
        high = high if dash else low
        if not (low.isdecimal() and high.isdecimal() and int(low) <= int(high) <= 65535):
            raise self.fail("a port or a range of ports")
        first, last = int(low), int(high)
        return lambda record: any(record.get(key) is not None and first <= record[key] <= last for key in _PORTS[side])

    def choice(self, key: str, words: tuple[str, ...]) -> Test:
        wanted = self.take("a word").lower()
        if wanted not in words:
            raise self.fail(" or ".join(words))
        return lambda record: record.get(key) == wanted


def compile_where(text: str) -> Test:
    """A test for one record. Raises ValueError with the column and what was expected there."""
    parser = _Parser(text)
    test = parser.expression()
    if parser.position < len(parser.words):
        parser.take("the end")
        raise parser.fail("'and', 'or' or the end")
    return test
