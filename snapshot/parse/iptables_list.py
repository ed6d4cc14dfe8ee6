"""`iptables -t TABLE -nvL`, `-vnxL`, `-L`, with or without `--line-numbers`: rules as a listing shows them.

    Chain FORWARD (policy DROP 12 packets, 720 bytes)
     pkts bytes target     prot opt in     out     source               destination
      118 12074 DOCKER     all  --  *      docker0  0.0.0.0/0            0.0.0.0/0
        3   180 DNAT       tcp  --  !docker0 *       0.0.0.0/0            0.0.0.0/0            tcp dpt:8080 to:172.17.0.2:80

A listing does not name its table: the command did, else the chains tell.  Without `-v` it does not show interfaces, without `-n` it shows
names for addresses and ports: such rules can't be judged, and say so.
"""

import re
from dataclasses import dataclass, replace
from ipaddress import ip_network

from snapshot.finding import Finding, Kind
from snapshot.host.firewall import Backend, Chain, Clause, Option, Parts, Rows, Rule, Rules, Table
from snapshot.parse.listing import extensions, lost

_CHAIN = re.compile(r"^Chain (\S+) \((?:policy (\S+?)(?:\s+(\d+)([KMGT]?) packets, (\d+)([KMGT]?) bytes)?|(\d+) references?|.*)\)\s*$")
_COLUMNS = re.compile(r"^\s*(num\s+)?(pkts\s+bytes\s+)?target\s+prot(?:\s+opt)?\s+(?:in\s+out\s+)?source\s+destination\s*$")
_OPT = ("--", "-f", "!f", "!-f")
_PROTOCOLS = {
    "1": "icmp",
    "2": "igmp",
    "4": "ipencap",
    "6": "tcp",
    "17": "udp",
    "33": "dccp",
    "41": "ipv6",
    "47": "gre",
    "50": "esp",
    "51": "ah",
    "58": "ipv6-icmp",
    "108": "ipcomp",
    "132": "sctp",
    "135": "mobility-header",
    "136": "udplite",
    "icmpv6": "ipv6-icmp",
}
_HOSTS = {"localhost": "127.0.0.1", "loopback/8": "127.0.0.0/8", "link-local/16": "169.254.0.0/16", "base-address.mcast.net/4": "224.0.0.0/4"}
_PLAIN = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!/|$)|(?=/|$))){4}(?:/(?:3[0-2]|[12]?\d))?$")  # most are: told without parsing them
_NUMBER = re.compile(r"^\d+[KMGT]?$")
# a row of which one look tells that it can be read, and how: with counters, a target, both addresses, and behind them only what is plain
_EXTENSIONS = (r"/\* [^*\n]+ \*/|(?:tcp|udp)(?: [ds]pt:\d+)?|to:[\d.:]+|statistic mode random probability [\d.]+|ctstate [A-Z,]+"
               r"|ADDRTYPE match dst-type LOCAL")
_REGULAR = re.compile(r"(?P<number>\d+ +)? *\d+[KMGT]? +\d+[KMGT]? +(?P<text>(?P<target>(?!CT )[A-Za-z][\w-]*+)"
                      r" +[a-z\d]+ +-- +\S+ +\S+ +!?[\da-f.:/]+ +!?[\da-f.:/]+"
                      rf"(?: +(?:{_EXTENSIONS})(?=\s|$))*+)\s*$", re.ASCII)
NO_INTERFACES = "listed without -v: the interfaces that the rule asks for are not shown"
_WARNING = re.compile(r"^# Warning: (ip6?tables)-legacy tables present", re.M)


def warns_of_legacy(text: str) -> bool:
    """Whether iptables-nft says that there are legacy tables besides (it does so in any output)."""
    return "-legacy tables present" in text and _WARNING.search(text) is not None


class Unreadable(Exception):
    """A row that can't be read; the message says why."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the head line says: row numbers, counters (with interfaces)."""

    numbers: bool
    verbose: bool


def parse(text: str, file: str = "", family: str = "ip", table: str = "") -> tuple[tuple[Table, ...], tuple[Finding, ...]]:
    """The tables that a listing shows, mostly one. `table`: its name, where the command told it."""
    findings: list[Finding] = []
    tables: list[Table] = []
    chains: dict[str, tuple[Chain, list[int]]] = {}
    columns = _Columns(False, False)
    current, name, first = "", table, 0
    held = text.split("\n")
    rows = Rows(text, file, lambda rows, row, number: _made(held[row], rows, row, number, family), saved=False)
    lines = rows.lines

    def close() -> None:
        if chains:
            made = {key: Chain(key, c.policy, Rules(rows, key, where), c.packets, c.bytes, file, c.line) for key, (c, where) in chains.items()}
            tables.append(Table(name or _table_of(set(made)), family, Backend.UNKNOWN, made, file, rows=rows, span=range(first, len(lines))))
            if not name:
                findings.append(Finding(Kind.AMBIGUOUS, file, made[next(iter(made))].line, "", "a listing does not name its table; by its chains it "
                                        f"is taken to be {tables[-1].name}"))
        chains.clear()

    for number, line in enumerate(held, 1):
        regular = _REGULAR.match(line) if columns.verbose and current else None
        if regular is not None and (regular["number"] is not None) == columns.numbers:
            chains[current][1].append(number - 1)
            lines.append((regular["text"], current, regular["target"]))
            continue
        lines.append(("", "", ""))
        if not line or line.isspace() or line.startswith("#"):
            continue
        if (head := _CHAIN.match(line)) is not None:
            if head[1] in chains:  # the listing of one more table, without a word between
                close()
                name, first = "", number - 1
            current = head[1]
            chains[current] = (_chain(head, file, number), [])
        elif (columns_named := _COLUMNS.match(line)) is not None:
            columns = _Columns(columns_named[1] is not None, columns_named[2] is not None)
        elif not current:
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], "not a line that iptables -L prints"))
        else:
            rule = rows.made[number - 1] = _rule(line, current, len(chains[current][1]) + 1, file, number, columns, family, findings)
            chains[current][1].append(number - 1)
            lines[-1] = (rule.text, current, rule.jump)
    if not columns.verbose and any(rules for _, rules in chains.values()):
        findings.append(Finding(Kind.AMBIGUOUS, file, 0, "", "listed without -v: which interfaces a rule asks for is not shown; "
                                "iptables-save shows all"))
    close()
    return tuple(tables), tuple(findings)


def _made(line: str, rows: Rows, row: int, number: int, family: str) -> Rule:
    """The rule of a regular row."""
    _, chain, _ = rows.lines[row]
    regular = _REGULAR.match(line)
    assert regular is not None
    return _rule(line, chain, number, rows.file, row + 1, _Columns(regular["number"] is not None, True), family, [])


def named(tables: tuple[Table, ...], findings: tuple[Finding, ...], file: str) -> tuple[tuple[Table, ...], tuple[Finding, ...]]:
    """Tables that nothing names, by their chains."""
    made = tuple(replace(table, name=_table_of(set(table.chains))) for table in tables)
    told = (Finding(Kind.AMBIGUOUS, file, 0, "", f"nothing names the table; by its chains it is taken to be {table.name}") for table in made)
    return made, (*findings, *told)


def _chain(head: re.Match[str], file: str, line: int) -> Chain:
    exact = head[3] is not None and not head[4] and not head[6]
    return Chain(head[1], head[2], (), int(head[3]) if exact else None, int(head[5]) if exact else None, file, line)


def _table_of(names: set[str]) -> str:
    """The table by its base chains; raw and security have the chains of others, and are rarely listed."""
    base = names & {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}
    if {"PREROUTING", "FORWARD"} <= base or {"POSTROUTING", "FORWARD"} <= base:
        return "mangle"
    if "PREROUTING" in base or "POSTROUTING" in base:
        return "raw" if base <= {"PREROUTING", "OUTPUT"} and "PREROUTING" in base and not names & {"DOCKER"} else "nat"
    return "filter"


def _rule(line: str, chain: str, number: int, file: str, where: int, columns: _Columns, family: str, findings: list[Finding]) -> Rule:
    text = " ".join(line.split()[columns.numbers + 2 * columns.verbose:]) or line.strip()
    try:
        parts, packets, total = _row(line, columns, family)
    except (Unreadable, ValueError) as problem:  # ValueError: a value that its extension never prints
        findings.append(Finding(Kind.SYNTAX, file, where, text[:200], f"{problem}; the rule is taken as one that can't be judged"))
        return Rule(chain, number, Parts((lost(str(problem)),)), "", text, file, where)
    jump = parts.target.name if parts.target is not None else ""
    return Rule(chain, number, parts, jump, text, file, where, packets, total)


def _row(line: str, columns: _Columns, family: str) -> tuple[Parts, int | None, int | None]:
    """One row. The target's column may be empty, and old ip6tables leaves the opt column empty; raises Unreadable."""
    words = [(match[0], match.end()) for match in re.finditer(r"\S+", line)]
    if columns.numbers and words and words[0][0].isdigit():
        words = words[1:]
    counters = [word for word, _ in words[:2]] if columns.verbose else []
    if columns.verbose:
        if len(words) < 2 or not all(_NUMBER.match(word) for word in counters):
            raise Unreadable("a row of a listing without its counters")
        words = words[2:]
    held = [word for word, _ in words]
    target, protocol, opt, rest = _front(held, columns.verbose, family)
    used = len(held) - len(rest)
    need = 4 if columns.verbose else 2
    if len(rest) < need:
        raise Unreadable("a row of a listing that is cut off")
    into, out = (rest[0], rest[1]) if columns.verbose else ("*", "*")
    source, destination = rest[need - 2], rest[need - 1]
    behind = line[words[used + need - 1][1] :]
    own, doubts = _own(source, destination, into, out, protocol, opt)
    goto = "[goto]" in behind.split()[:1]
    clauses, options = extensions(behind.replace("[goto]", "", 1) if goto else behind, target)
    if target == "CT" and behind.split()[-1:] == ["NOTRACK"]:
        target, options = "NOTRACK", ()  # the kernel holds it as CT --notrack; iptables prints it as it was written
    if not columns.verbose:
        doubts.append(lost(NO_INTERFACES))
    exact = all(word.isdigit() for word in counters)
    made = Parts((*((Clause("", own),) if own else ()), *clauses, *doubts), Clause(target, options) if target else None, goto)
    return made, int(counters[0]) if counters and exact else None, int(counters[1]) if counters and exact else None


def _front(words: list[str], verbose: bool, family: str) -> tuple[str, str, str, list[str]]:
    """(target, protocol, opt, what follows): told apart by where the opt column is, or the addresses are."""
    for position in (2, 1):
        if len(words) > position and words[position] in _OPT:
            return words[0] if position == 2 else "", words[position - 1], words[position], words[position + 1 :]
    address = next((i for i, word in enumerate(words) if _is_address(word)), None)
    before = 2 if verbose else 0
    if address is None or address - before not in (1, 2):
        raise Unreadable("a row of a listing whose columns can't be told apart")
    target = words[0] if address - before == 2 else ""
    return target, words[address - before - 1], "--", words[address - before :]


def _is_address(word: str) -> bool:
    text = word.lstrip("!")
    if _PLAIN.match(text) or text in ("anywhere", "default") or text in _HOSTS:
        return True
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return "." in text or ":" in text


def _own(source: str, destination: str, into: str, out: str, protocol: str, opt: str) -> tuple[tuple[Option, ...], list[Clause]]:
    """iptables' own options, in the order that `iptables -S` prints them, and what can't be told of them."""
    found: list[Option] = []
    doubts: list[Clause] = []
    for name, word in (("-s", source), ("-d", destination)):
        text = _HOSTS.get(word.lstrip("!"), word.lstrip("!")) if ":" not in source + destination else word.lstrip("!")
        word = "!" + text if word.startswith("!") else text
        if text in ("anywhere", "0.0.0.0/0", "::/0", "default") and not word.startswith("!"):
            continue
        if not _is_address(word):
            doubts.append(lost(f"listed without -n: {word} is a name, and its address is not shown"))
            continue
        found.append(Option(name, (_with_length(text),), word.startswith("!")))
    for name, word in (("-i", into), ("-o", out)):
        if word not in ("*", "any"):
            found.append(Option(name, (word.lstrip("!"),), word.startswith("!")))
    bare = protocol.lstrip("!").lower()
    if bare not in ("0", "all", "ip"):
        found.append(Option("-p", (_PROTOCOLS.get(bare, bare),), protocol.startswith("!")))
    if opt in ("-f", "!f", "!-f"):
        found.append(Option("-f", (), opt != "-f"))
    return tuple(found), doubts


def _with_length(text: str) -> str:
    if text in ("anywhere", "default"):
        return "0.0.0.0/0"
    return text if "/" in text else f"{text}/{32 if ':' not in text else 128}"
