"""One namespace's network stack: its tables bound, its routing, its connections; the `World` that rules may ask."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from snapshot.host import Namespace
from snapshot.host.conntrack import ConntrackEntry
from snapshot.host.firewall import Backend, Rule, Table
from snapshot.host.ipset import IpSet
from snapshot.host.link import Interface, IPAddress
from snapshot.host.routing import RouteType
from snapshot.host.socket import Listener
from visualize.datapath.conntrack import Connection, Tracker
from visualize.datapath.doubt import Doubts
from visualize.datapath.expect import Expectations
from visualize.datapath.hooks import HOOKS, Stage
from visualize.datapath.lasting import lasting
from visualize.datapath.reverse import way_back
from visualize.datapath.routing import Fib, Query
from visualize.datapath.tuples import FlowTuple, from_entry
from visualize.netfilter.hook import Hook
from visualize.netfilter.native.bind import NativeTable, native_tables
from visualize.netfilter.rule import BoundTable
from visualize.packet.packet import Packet

if TYPE_CHECKING:
    from visualize.datapath.machine import Machine
    from visualize.datapath.telling import Store

_TRACKING_MATCHES = {"conntrack", "state", "connmark", "connbytes", "connlabel", "connlimit", "helper", "cluster"}
_TRACKING_TARGETS = {"CONNMARK", "CONNSECMARK", "MASQUERADE", "SNAT", "DNAT", "REDIRECT", "NETMAP", "SYNPROXY"}
_MAY_ASK = re.compile(rf"-(?:m|-match)\s+[\"']?(?:{'|'.join(sorted(_TRACKING_MATCHES))})\b"
                      rf"|-(?:[jg]|-jump|-goto)\s+[\"']?(?:CT|{'|'.join(sorted(_TRACKING_TARGETS))})\b")
_BACKEND_ORDER = {Backend.NFT: 0, Backend.UNKNOWN: 1, Backend.LEGACY: 2}  # the one registered later runs first: a doubt


class Stack:
    """A namespace that packets can run through. Holds the only state of a replay: connections, learned MACs, rules' memories."""

    def __init__(self, machine: Machine, namespace: Namespace) -> None:
        self.machine = machine
        self.namespace = namespace
        self.netns = namespace.name
        self.fib = {4: Fib(namespace, 4), 6: Fib(namespace, 6)}
        self.tracker = Tracker(namespace.sysctls, _release(machine.host.kernel))
        self.expectations = Expectations()
        self.memory: dict[str, object] = {}
        self.learned: dict[tuple[str, str, int], tuple[str, int | None]] = {}  # (bridge, mac, vlan) -> port, when
        self.requests: dict[tuple[object, ...], str] = {}  # ICMPv6 echo: (peer, id) -> the interface that its latest request came by
        self.told: dict[tuple[IPAddress, str | None], Store] = {}  # by the address that ICMP errors go to, and the VRF (struct inet_peer)
        self._tables = {4: _bound(namespace.tables4), 6: _bound(namespace.tables6)}
        self._native = [pair for table in namespace.nft for pair in native_tables(table)]
        self._tracked = {4: self._tracks(4), 6: self._tracks(6)}
        self._realm: int | None = None

    # -- the World of visualize.netfilter.here ------------------------------------------------------------------

    @lasting
    def address_type(self, address: IPAddress, device: str | None = None) -> str | None:
        """inet_addr_type, with IPv6's ANYCAST and UNREACHABLE from the routes."""
        fib = self.fib[address.version]
        if (self.namespace.invented or (not self.namespace.interfaces and fib.invented)) and not address.is_loopback and not address.is_multicast:
            return None
        if address.version == 6:
            return self._address_type6(address, device)
        return fib.type_of(address, device).name

    def _address_type6(self, address: IPAddress, device: str | None) -> str:
        if address.is_multicast:
            return "MULTICAST"
        kind = self.fib[6].lookup(Query(address, outgoing=device)).type
        return kind.name if kind is not RouteType.BLACKHOLE else "UNREACHABLE"

    @property
    def ipsec(self) -> bool | None:
        """Whether there are IPsec policies."""
        return self.namespace.ipsec

    @property
    def captured(self) -> int | None:
        """When the collector began (ns)."""
        return self.machine.captured

    def connections(self) -> Iterable[Connection]:
        """All connections that are tracked here."""
        return self.tracker.all()

    @property
    def kernel(self) -> str:
        """The host's kernel release."""
        return self.machine.host.kernel

    def ipset(self, name: str) -> IpSet | None:
        """The captured set."""
        return (self.namespace.ipsets or {}).get(name)

    @lasting
    def owner(self, address: IPAddress) -> Interface | None:
        """The interface that holds an address."""
        return self.namespace.owner(address)

    def interface(self, name: str) -> Interface | None:
        """The interface by name."""
        return self.namespace.interfaces.get(name)

    def reverse_path(self, packet: Packet, in_interface: str, mark: int, loose: bool, accept_local: bool) -> bool | None:
        """What `-m rpfilter` asks (rpfilter_lookup_reverse)."""
        fib = self.fib[packet.family]
        return None if fib.invented else way_back(fib, packet, in_interface, mark, loose, accept_local)

    def realm(self) -> int | None:
        """The realm of the current packet's route."""
        return self._realm

    @property
    def listeners(self) -> tuple[Listener, ...] | None:
        """What `ss` showed."""
        return self.namespace.listeners

    def doubt_capture(self, family: int, doubts: Doubts) -> None:
        """What was captured in part, or put together from what others tell, makes every path through the namespace an assumed one."""
        if self.namespace.invented:
            doubts.note(f"addresses of {self.netns}", self.namespace.invented, "no other address is its own", "ip addr")
        for gap, why in self.namespace.gaps:
            if gap == family:
                doubts.note(f"capture of {self.netns}", why, "as the kernel has it by default", "a capture of all of it")
        if self.namespace.inferred:
            doubts.note(f"namespace {self.netns}", self.namespace.inferred, "one interface for each network, and no rules of its own",
                        "a snapshot with this namespace in it")

    def doubt_unseen(self, family: int, hook: Hook, doubts: Doubts) -> None:
        """Tables at this hook that nothing captured shows: packets are taken to meet no rule there."""
        for table, why in self.namespace.unseen4 if family == 4 else self.namespace.unseen6:
            if not table or any(station.stage.value == table for station in HOOKS[hook]):
                tool = "iptables" if family == 4 else "ip6tables"
                doubts.note(f"{tool} {table or 'rules'}", why, "no rule there", f"{tool}-save")

    # -- tables and settings ------------------------------------------------------------------------------------

    def tables(self, family: int) -> tuple[BoundTable, ...]:
        """The iptables tables of a family, all back-ends."""
        return self._tables[family]

    @lasting
    def stations(self, family: int, hook: Hook) -> tuple[tuple[Stage, BoundTable | None], ...]:
        """What a packet meets at a hook, in order: conntrack's functions where connections are tracked, and each table there."""
        return tuple(self._list(family, hook))

    def _list(self, family: int, hook: Hook) -> list[tuple[Stage, BoundTable | None]]:
        """By priority; of one priority native chains first, those made last before others (nf_hook_entries_grow)."""
        found: list[tuple[int, Stage, BoundTable | None]] = [
            (native.priority, Stage.NATIVE, native) for native in reversed(self._natives(family, hook)) if native.type != "nat"]
        for station in HOOKS[hook]:
            if station.stage in (Stage.CONNTRACK, Stage.CONFIRM):
                if self._tracked[family]:
                    found.append((station.priority, station.stage, None))
                continue
            if station.stage is Stage.NAT:
                if self._translates(family):  # one nat chain anywhere puts NAT at all four hooks (nf_nat_register_fn)
                    found.append((station.priority, station.stage, None))
                continue
            found += [(station.priority, station.stage, bound) for bound in self.alike(family, hook, station.stage.value)]
        found.sort(key=lambda item: item[0])
        return [(stage, bound) for _, stage, bound in found]

    def _translates(self, family: int) -> bool:
        return any(bound.table.name == "nat" for bound in self._tables[family]) or any(
            native.type == "nat" for hook in Hook for native in self._natives(family, hook))

    def _natives(self, family: int, hook: Hook) -> list[NativeTable]:
        """Native base chains at a hook, in the order in which they were made."""
        return [native for at, native in self._native if at == hook.value.lower()
                and native.table.family in ("inet", "ip" if family == 4 else "ip6")]

    @lasting
    def beside(self, family: int, hook: Hook, table: BoundTable) -> bool:
        """Whether a native chain and an iptables table stand at one priority, so that who was registered later, and so runs first, is not known."""
        def priority(one: BoundTable) -> int:
            stage = one.table.name
            return one.priority if isinstance(one, NativeTable) else next((s.priority for s in HOOKS[hook] if s.stage.value == stage), 0)

        natives = [one for one in self._natives(family, hook) if one.table.chains[one.base].rules]
        if not isinstance(table, NativeTable):
            return any(one.priority == priority(table) for one in natives)
        return any(priority(bound) == table.priority and bound.table.chains[hook.value].rules for bound in self._tables[family]
                   if hook.value in bound.table.chains and hook.value not in bound.table.absent_base_chains)

    @lasting
    def nat_chains(self, family: int, hook: Hook) -> list[BoundTable]:
        """The nat chains of all back-ends at a hook, by priority."""
        own = -100 if hook in (Hook.PREROUTING, Hook.OUTPUT) else 100
        natives = [(native.priority, native) for native in reversed(self._natives(family, hook)) if native.type == "nat"]
        every: list[tuple[int, BoundTable]] = [*natives, *((own, bound) for bound in self.alike(family, hook, "nat"))]
        return [bound for _, bound in sorted(every, key=lambda item: item[0])]

    @lasting
    def alike(self, family: int, hook: Hook, name: str) -> list[BoundTable]:
        """The tables of this name that have a base chain at a hook: more than one where several back-ends are loaded."""
        return [bound for bound in self._tables[family] if bound.table.name == name and hook.value in bound.table.chains
                and hook.value not in bound.table.absent_base_chains]

    def tracked(self, family: int) -> bool:
        """Whether connections are tracked here at all: only where some rule needs it (nf_ct_netns_get)."""
        return self._tracked[family]

    def _tracks(self, family: int) -> bool:
        if any(entry.family == family for entry in self.namespace.conntrack or ()):
            return True
        families = ("inet", "ip" if family == 4 else "ip6")
        if any(_tracking_text(rule.expressions) for table in self.namespace.nft if table.family in families
               for chain in table.chains.values() for rule in chain.rules):
            return True
        if any(chain.rules for chain in self.namespace.nft_chains or () if chain.family in families and not chain.replayed):
            return True  # native rules were not read: they may well ask for it
        tables = [bound.table for bound in self._tables[family]]
        return any(target in _TRACKING_TARGETS for table in tables for _, _, target in table.lines()) or any(
            _asks_for_tracking(rule) for table in tables for rule in table.candidates(_MAY_ASK))

    @lasting
    def flag(self, family: int, name: str, device: str | None, default: int = 0, combine: str = "or") -> int:
        """An interface setting of net.ipvN.conf: `or`, `max` or `and` of `all` and the device, or `own` (the device's alone)."""
        own = self._conf(family, device or "default", name)
        everywhere = self._conf(family, "all", name)
        if own is None and everywhere is None:
            return default
        own, everywhere = own or 0, everywhere or 0
        match combine:
            case "max" | "or":
                return max(own, everywhere)
            case "and":
                return min(own, everywhere)
            case _:
                return own

    def _conf(self, family: int, device: str, name: str) -> int | None:
        text = self.namespace.sysctl(f"net.ipv{family}.conf.{device.replace('.', '/')}.{name}")
        if text is None:
            text = self.namespace.sysctl(f"net.ipv{family}.conf.{device}.{name}")
        return int(text) if text is not None and text.lstrip("-").isdigit() else None

    @lasting
    def setting(self, name: str) -> int | None:
        """A sysctl as a number; None where it was not captured."""
        text = self.namespace.sysctl(name)
        return int(text) if text is not None and text.lstrip("-").isdigit() else None

    def hints(self, original: FlowTuple) -> frozenset[FlowTuple]:
        """Reply tuples of captured entries whose original tuple is this one."""
        return self.machine.hints(self.netns).get(original, frozenset())

    def set_realm(self, realm: int | None) -> None:
        """Remember the realm of the route just chosen."""
        self._realm = realm


def _release(kernel: str) -> tuple[int, int]:
    """`6.1.0-18-amd64` -> (6, 1); a new one where none was captured."""
    found = re.match(r"(\d+)\.(\d+)", kernel)
    return (int(found[1]), int(found[2])) if found else (6, 18)


def _tracking_text(expressions: tuple[object, ...]) -> bool:
    """Whether a native rule has an expression that asks for connection tracking (nft_ct_get_init, nft_nat_init).

    iptables-nft's own extensions stand in `nft -j` by name alone (`{"xt": {"type": "target", "name": "DNAT"}}`), and ask as they do in iptables.
    """
    text = repr(expressions)
    if "'xt':" in text and any(f"'name': '{name}'" in text for name in (*_TRACKING_TARGETS, *_TRACKING_MATCHES, "CT")):
        return True
    return any(f"'{word}':" in text for word in ("ct", "dnat", "snat", "masquerade", "redirect", "ct helper", "ct timeout", "flow"))


def _asks_for_tracking(rule: Rule) -> bool:
    """Whether a rule's match or target calls nf_ct_netns_get when it is loaded. A nat table without such a rule does nothing."""
    if rule.jump in _TRACKING_TARGETS:
        return True
    if rule.jump == "CT" and rule.target is not None and rule.target.option("--notrack") is None:
        return True
    return any(clause.name in _TRACKING_MATCHES for clause in rule.matches)


def _bound(tables: tuple[Table, ...] | None) -> tuple[BoundTable, ...]:
    ordered = sorted(tables or (), key=lambda t: _BACKEND_ORDER[t.backend])
    return tuple(BoundTable(table) for table in ordered)


def entry_hints(entries: tuple[ConntrackEntry, ...]) -> dict[FlowTuple, frozenset[FlowTuple]]:
    """Captured entries by original tuple: what the kernel's choices by chance were."""
    found: dict[FlowTuple, set[FlowTuple]] = {}
    for entry in entries:
        original = from_entry(entry.original, entry.protocol)
        found.setdefault(original, set()).add(from_entry(entry.reply, entry.protocol))
    return {key: frozenset(value) for key, value in found.items()}
