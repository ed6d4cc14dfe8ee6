"""Makes a failing case small: moves, rules, chains, commands and settings are dropped for as long as it still fails."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from .case import Case, Move

Fails = Callable[[Case], bool]


def shrink(case: Case, fails: Fails) -> Case:
    """The smallest case found that `fails` still takes. What `fails` can't run at all is taken as not failing."""
    size = None
    while size != (size := _size(case)):
        case = _moves(case, fails)
        case = _lines(case, fails)
        case = _surroundings(case, fails)
    return case


def _size(case: Case) -> tuple[int, int, int]:
    return len(case.moves), sum(text.count("\n") for text in case.rules.values()), len(case.setup) + len(case.sysctl) + len(case.ipset)


def without_moves(case: Case, gone: Iterable[int]) -> Case:
    """The case without some moves, and without those that answer them; the others are numbered anew."""
    dead = set(gone)
    kept: dict[int, Move] = {}
    for number, move in enumerate(case.moves):
        if number in dead or move.of in dead:
            dead.add(number)
        else:
            kept[number] = move
    places = {number: place for place, number in enumerate(kept)}
    return replace(case, moves=tuple(replace(move, of=places.get(move.of, -1)) for move in kept.values()))


def _moves(case: Case, fails: Fails) -> Case:
    """First the tail is cut, then halves, quarters and so on down to single moves."""
    chunk = max(1, len(case.moves) // 2)
    while chunk:
        start = len(case.moves)
        while start > 0:
            start -= chunk
            smaller = without_moves(case, range(max(0, start), start + chunk))
            if smaller.moves and len(smaller.moves) < len(case.moves) and fails(smaller):
                case = smaller
                start = min(start, len(case.moves))
        chunk //= 2
    return case


def _lines(case: Case, fails: Fails) -> Case:
    """Rules and user chains, in chunks from the end; whole tables first."""
    for backend in list(case.rules):
        tables = [f"*{text}" for text in case.rules[backend].split("*")[1:]]
        for table in list(tables):
            fewer = [one for one in tables if one != table]
            smaller = _with_rules(case, backend, "".join(fewer))
            if fails(smaller):
                case, tables = smaller, fewer
        lines = case.rules.get(backend, "").splitlines()
        chunk = max(1, len(lines) // 2)
        while chunk and backend in case.rules:
            start = len(lines)
            while start > 0:
                start -= chunk
                fewer = _less(lines, range(max(0, start), start + chunk))
                smaller = _with_rules(case, backend, "\n".join([*fewer, ""]))
                if len(fewer) < len(lines) and fails(smaller):
                    case, lines = smaller, fewer
                    start = min(start, len(lines))
            chunk //= 2
    return case


def _less(lines: Sequence[str], gone: range) -> list[str]:
    """Lines without those that may go: table heads, built-in chains and COMMIT stay; a user chain goes with the rules in it."""
    dead = {number for number in gone if number < len(lines) and (lines[number].startswith("-A") or " - [" in lines[number])}
    chains = {lines[number].split()[0][1:] for number in dead if lines[number].startswith(":")}
    return [line for number, line in enumerate(lines) if number not in dead and not (line.startswith("-A") and line.split()[1] in chains)]


def _with_rules(case: Case, backend: str, text: str) -> Case:
    rules = {name: text if name == backend else old for name, old in case.rules.items()}
    return replace(case, rules={name: kept for name, kept in rules.items() if kept} or {backend: ""})


def _surroundings(case: Case, fails: Fails) -> Case:
    for command in case.setup:
        smaller = replace(case, setup=tuple(one for one in case.setup if one != command))
        case = smaller if fails(smaller) else case
    for key in list(case.sysctl):
        smaller = replace(case, sysctl={name: value for name, value in case.sysctl.items() if name != key})
        case = smaller if fails(smaller) else case
    smaller = replace(case, ipset="")
    return smaller if case.ipset and fails(smaller) else case
