"""Native nftables rules bound: each as a BoundRule whose matches and target the common walk asks (nf_tables_core.c, nft_do_chain)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from snapshot.host.firewall import Backend, Chain, Clause, Parts, Rule, Table
from snapshot.host.nft import NftChain, NftRule, NftSet, NftTable
from visualize.netfilter.answer import Answer, no, unknown, yes
from visualize.netfilter.extension import BindError, UnknownMatch
from visualize.netfilter.here import Here
from visualize.netfilter.native import compare
from visualize.netfilter.native.load import Break, Chance, Load, Value
from visualize.netfilter.native.translate import Family, nat, reject
from visualize.netfilter.outcome import ConnectionChange, Outcome, RuleVerdict
from visualize.netfilter.rule import BoundChain, BoundRule, BoundTable
from visualize.packet.packet import Packet

Step = Callable[[Packet, Here, Outcome], Outcome]
_VERDICTS = {"accept": RuleVerdict.ACCEPT, "drop": RuleVerdict.DROP, "return": RuleVerdict.RETURN, "continue": RuleVerdict.CONTINUE}
_NAMES = {"mangle": "MARK", "notrack": "NOTRACK", "log": "LOG"}
_NAT = ("dnat", "snat", "masquerade", "redirect")
_IDLE = {"counter", "log", "comment", "set"}
_STEADY = {"match", "vmap", "jump", "goto", *_VERDICTS, *_IDLE}  # what they do follows from what the matches have looked at
_TERMINAL = {*_VERDICTS, "jump", "goto", "reject", "vmap", *_NAT}


class Statements:
    """What a rule does once all its matches have said yes: its statements in their order, the last of them the verdict."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps

    def act(self, packet: Packet, here: Here) -> Outcome:
        """The outcome of all statements."""
        outcome = Outcome()
        for step in self._steps:
            outcome = step(outcome.packet or packet, here, outcome)
        return outcome


class VerdictMap:
    """`vmap`: a match that says whether the key is in the map, and the verdict that stands there."""

    def __init__(self, kinds: list[str], get: Load, pairs: list[tuple[compare.Test, Any]]) -> None:
        self._kinds, self._get, self._pairs = kinds, get, pairs

    def find(self, packet: Packet, here: Here) -> Any:
        """What the map holds for the packet; None where it holds nothing, an Answer where that can't be known."""
        value: Value = self._get(packet, here)
        if isinstance(value, Answer):
            return value
        if isinstance(value, Break):
            return None
        value = value.value if isinstance(value, Chance) else value
        return next((held for test, held in self._pairs if test(value)), None)

    def test(self, packet: Packet, here: Here) -> Answer:
        """Whether the key is there."""
        found = self.find(packet, here)
        if isinstance(found, Answer):
            return found
        drawn = self._get(packet, here)
        if isinstance(drawn, Chance):
            return unknown(drawn.why, found is not None)
        return yes() if found is not None else no("no element of the map fits")


def _map(body: dict[str, Any], sets: Mapping[str, NftSet]) -> VerdictMap:
    """Raises BindError, KeyError."""
    kinds, get = compare.key_of(body["key"])
    data = body["data"]
    if isinstance(data, str):
        if data[1:] not in sets:
            raise BindError(f"map {data} was not captured")
        data = {"set": list(sets[data[1:]].elements)}
    return VerdictMap(kinds, get, [(compare.element(kinds, pair[0]), pair[1]) for pair in data["set"]])


@dataclass(slots=True)
class _Binder:
    """One rule being bound."""

    table: NftTable
    matches: list[Any] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    name: str = ""
    steady: bool = True

    def take(self, expression: dict[str, Any]) -> None:
        """One expression. Raises BindError, KeyError."""
        kind, body = next(iter(expression.items()))
        self.steady = self.steady and kind in _STEADY
        if kind in ("match", "vmap", *_NAT) and any(step is not _idle for step in self.steps):
            raise BindError("a rule that does something before it has matched is not modelled")
        match kind:
            case "match":
                self.matches.append(compare.match(body, self.table.sets))
            case "limit" | "quota" | "ct count":
                self.matches.append(_Unknown(f"{kind} {body}: its state is not captured", kind != "quota"))
            case "vmap":
                table = _map(body, self.table.sets)
                self.matches.append(table)
                self.steps.append(lambda packet, here, so_far: _verdict(table.find(packet, here), so_far))
            case "mangle":
                if "'ct'" in repr(body["value"]):
                    self.matches.append(_Connected())  # nft_ct_get_eval breaks without a connection
                self.steps.append(_mangle(body))
            case "notrack":
                self.steps.append(lambda packet, here, so_far: replace(so_far, connection=ConnectionChange(notrack=True)))
            case "ct helper":
                helper = self.table.helpers[body]
                self.steps.append(lambda packet, here, so_far: replace(so_far, connection=ConnectionChange(helper=helper)))
            case "reject":
                self.steps.append(reject(body))
            case _ if kind in _NAT:
                self._nat(kind, body)
            case _ if kind in _VERDICTS or kind in ("jump", "goto"):
                told = dict(expression)
                self.steps.append(lambda packet, here, so_far: _verdict(told, so_far))
            case _ if kind in _IDLE:
                self.steps.append(_idle)
            case _:
                raise BindError(f"{kind} is not modelled")
        if kind in _TERMINAL or (not self.name and kind in _NAMES):
            self.name = _NAMES.get(kind, body["target"] if kind in ("jump", "goto") else kind.upper())

    def _nat(self, kind: str, body: Any) -> None:
        body = body or {}
        if kind in ("dnat", "snat") and body.get("family"):
            self.matches.append(Family(4 if body["family"] == "ip" else 6))
        address = body.get("addr")
        table = _map(address["map"], self.table.sets) if isinstance(address, dict) and "map" in address else None
        if table is not None:
            self.matches.append(table)
        self.steps.append(nat(kind, body, table.find if table is not None else None))


class _Connected:
    """That the packet has a connection, which a statement that reads one asks for by itself."""

    def test(self, packet: Packet, here: Here) -> Answer:
        """YES or NO."""
        return yes() if here.tracked else no("the packet belongs to no connection")


class _Unknown:
    """A match whose answer hangs on state that is not captured."""

    def __init__(self, why: str, default: bool) -> None:
        self._answer = unknown(why, default)

    def test(self, packet: Packet, here: Here) -> Answer:
        """UNKNOWN."""
        return self._answer


def _idle(packet: Packet, here: Here, so_far: Outcome) -> Outcome:
    return so_far


def _verdict(told: Any, so_far: Outcome) -> Outcome:
    """`{"accept": null}`, `{"jump": {"target": "sub"}}`."""
    if not isinstance(told, dict):
        return so_far
    kind, body = next(iter(told.items()))
    if kind in _VERDICTS:
        return replace(so_far, verdict=_VERDICTS[kind])
    return replace(so_far, verdict=RuleVerdict.JUMP if kind == "jump" else RuleVerdict.GOTO, chain=body["target"])


def _mangle(body: dict[str, Any]) -> Step:
    """`meta mark set`, `ct mark set`, `ip dscp set`. Raises BindError."""
    key, value = body["key"], body["value"]
    compute = _operand(value)
    if key == {"meta": {"key": "mark"}}:
        return lambda packet, here, so_far: replace(so_far, packet=replace(packet, mark=compute(packet, here)), kind="MARK")
    if key == {"ct": {"key": "mark"}}:
        return lambda packet, here, so_far: replace(so_far, connection=ConnectionChange(mark=compute(packet, here)))
    if key in ({"meta": {"key": "nftrace"}}, {"meta": {"key": "priority"}}):
        return _idle
    raise BindError(f"setting {key} is not modelled")


def _operand(value: Any) -> Callable[[Packet, Here], int]:
    """A number, a mark, or arithmetic of them. Raises BindError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return lambda packet, here: value
    if value == {"meta": {"key": "mark"}}:
        return lambda packet, here: packet.mark
    if value == {"ct": {"key": "mark"}}:
        return lambda packet, here: here.connection_mark or 0
    if isinstance(value, dict) and len(value) == 1:
        operator, parts = next(iter(value.items()))
        if operator in ("&", "|", "^"):
            left, right = _operand(parts[0]), _operand(parts[1])
            apply: dict[str, Callable[[int, int], int]] = {"&": int.__and__, "|": int.__or__, "^": int.__xor__}
            return lambda packet, here: apply[operator](left(packet, here), right(packet, here)) & 0xFFFFFFFF
    raise BindError(f"{value} is not modelled")


def bound_rule(rule: NftRule, table: NftTable) -> tuple[Rule, BoundRule]:
    """The rule in the form that the walk takes. What is not modelled answers UNKNOWN with its text."""
    binder = _Binder(table)
    for expression in rule.expressions:
        try:
            binder.take(expression)
        except (BindError, KeyError, TypeError, ValueError, AttributeError) as error:
            binder.matches.append(UnknownMatch(f"nft rule {rule.text!r}: {error}"))
    parts = Parts((), Clause(binder.name) if binder.name else None)
    text = Rule(rule.chain, rule.number, parts, binder.name, rule.text, rule.file, rule.line)
    return text, BoundRule(text, binder.matches, Statements(binder.steps), steady=binder.steady)


class NativeTable(BoundTable):
    """A native table seen from one of its base chains."""

    __slots__ = ("_rules", "base", "priority", "type")

    def __init__(self, table: Table, rules: dict[str, list[BoundRule]], base: NftChain) -> None:
        """`rules`: bound, by chain."""
        super().__init__(table, True)
        self._rules, self.base, self.priority, self.type = rules, base.name, base.priority, base.type

    def start(self, hook: str) -> str:
        """The base chain."""
        return self.base

    def chain(self, name: str) -> BoundChain:
        """The bound chain."""
        found = self._chains.get(name)
        if found is None:
            held = {rule.rule.number: rule for rule in self._rules[name]}
            found = self._chains[name] = BoundChain(self.table.chains[name], lambda rule: held[rule.number], True)
        return found


def native_tables(table: NftTable) -> list[tuple[str, NativeTable]]:
    """One for each base chain, with its hook."""
    bound = {name: [bound_rule(rule, table) for rule in chain.rules] for name, chain in table.chains.items()}
    chains = {name: Chain(name, (chain.policy or "accept").upper() if chain.hook is not None else None, tuple(text for text, _ in bound[name]))
              for name, chain in table.chains.items()}
    whole = Table(table.name, table.family, Backend.NFT, chains)
    rules = {name: [rule for _, rule in pairs] for name, pairs in bound.items()}
    return [(chain.hook, NativeTable(whole, rules, chain)) for chain in table.chains.values() if chain.hook is not None]

