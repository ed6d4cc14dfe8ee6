"""What an extension is: a file in `match/` or `target/` whose `bind` turns a clause's options into something that answers.

The folder is the registry: a name from a ruleset is looked up among the files, never imported by that name otherwise.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, unknown
from visualize.netfilter.here import Here
from visualize.netfilter.outcome import Outcome, RuleVerdict
from visualize.packet.packet import Packet


class BindError(Exception):
    """An option that the extension does not understand; the message names it. The rule then answers UNKNOWN."""


class Match(Protocol):
    """A bound match."""

    def test(self, packet: Packet, here: Here) -> Answer:
        """Whether the packet matches here; a NO has its why."""
        ...


class Target(Protocol):
    """A bound target.

    A class that says `steady = True` promises that what it does follows from its options and the packet's mark, TOS and TTL alone:
    packets that agree on them may then be taken to be treated alike.
    """

    def act(self, packet: Packet, here: Here) -> Outcome:
        """What becomes of the packet."""
        ...


class UnknownMatch:
    """A match that can't be answered: no file for it, or options that were not understood."""

    def __init__(self, why: str) -> None:
        self.why = why

    def test(self, packet: Packet, here: Here) -> Answer:
        """UNKNOWN, always."""
        return unknown(self.why)


class UnknownTarget:
    """A target without a file: taken as one that lets the walk go on, and said to be a doubt."""

    def __init__(self, why: str) -> None:
        self.why = why

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE, with a weak doubt: `no`, it does not drop the packet."""
        return Outcome(doubt=unknown(self.why), otherwise=RuleVerdict.DROP)


@cache
def _registry(package: str) -> dict[str, str]:
    """Extension name -> module name: `tcp.py` serves `tcp`. `builtin.py` is left out: iptables' own options, which no `-m` names."""
    modules = iter_modules(import_module(package).__path__)
    return {module.name: f"{package}.{module.name}" for module in modules if module.name != "builtin"}


def _bind(package: str, clause: Clause, family: str) -> Any:
    """What the extension's `bind` makes of the clause (the package says whether a Match or a Target); None where there is no file for it."""
    module = _registry(package).get(clause.name.replace("-", "_"))
    if module is None:
        return None
    return import_module(module).bind(clause, family)


def bind_match(clause: Clause, family: str) -> Match:
    """The match for a clause of `family` ("ip" or "ip6"); an unknown one answers UNKNOWN with its name."""
    try:
        bound: Match | None = _bind("visualize.netfilter.match", clause, family)
    except BindError as error:
        return UnknownMatch(f"-m {clause.name}: {error}")
    if bound is None:
        return UnknownMatch(f"-m {clause.name} is not modelled")
    return bound


def bind_target(clause: Clause, family: str) -> Target:
    """The target for a clause; an unknown one lets the walk go on with a doubt."""
    try:
        bound: Target | None = _bind("visualize.netfilter.target", clause, family)
    except BindError as error:
        return UnknownTarget(f"-j {clause.name}: {error}")
    if bound is None:
        return UnknownTarget(f"-j {clause.name} is not modelled")
    return bound
