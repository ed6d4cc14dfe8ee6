"""The overview of a snapshot: what was captured, the network in words, what is missing and what that hides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from snapshot.finding import Finding, Kind
from snapshot.host import Namespace
from snapshot.host.container import Container
from visualize.draw.quoting import visible
from visualize.draw.words import moment, place_title
from visualize.terminal.console import line

if TYPE_CHECKING:
    from rich.console import Console

    from visualize.load import Loaded
    from visualize.replay import Source

_OF_NAMESPACE = ("captured", "interface", "rules", "route", "conntrack")
COLUMNS = ("what", "netns", "name", "kind", "detail", "file", "line")


def overview(loaded: Loaded, captures: Sequence[Source], findings: Iterable[Finding]) -> dict[str, Any]:
    """What `show --format json` prints."""
    host = loaded.built.host
    return {
        "schema": "packetpath-show/1", "snapshot": loaded.raw.source, "bundle": loaded.built.kind.value,
        "doubts": list(host.doubts), "hostname": host.hostname, "kernel": host.kernel,
        "namespaces": [{"name": name, "interfaces": len(n.interfaces), "containers": list(n.containers), "inferred": n.inferred or None,
                        "captured": list(loaded.built.facts.get(name, ())),
                        "tables": sorted({f"{t.family} {t.name} ({t.backend.value})" for t in (*(n.tables4 or ()), *(n.tables6 or ()))}),
                        "connections": len(n.conntrack) if n.conntrack is not None else None} for name, n in host.namespaces.items()],
        "containers": [{"name": c.name, "image": c.image, "mode": c.network_mode, "netns": c.netns, "shares_with": c.shares_with,
                        "addresses": [str(e.address) for e in c.endpoints if e.address]} for c in host.containers],
        "networks": [{"name": n.name, "driver": n.driver, "bridge": n.bridge, "internal": n.internal,
                      "subnets": [str(s) for s in n.subnets]} for n in host.networks],
        "captures": [{"name": c.name, "netns": c.netns, "interface": c.interface or "any"} for c in captures],
        "findings": [{"kind": f.kind.value, "file": f.file, "line": f.line, "text": f.text, "why": f.why} for f in findings],
    }


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the overview: a kind of thing (`what`), where, its name, its kind, and the rest in words."""

    what: str
    netns: str
    name: str
    kind: str = ""
    detail: str = ""
    file: str = ""
    line: int = 0


def facts(loaded: Loaded, captures: Sequence[Source], findings: Iterable[Finding]) -> Iterator[Fact]:
    """Everything that the overview tells, namespace by namespace."""
    host = loaded.built.host
    for name, namespace in host.namespaces.items():
        held = _told(loaded.built.facts.get(name, ()))
        yield Fact("captured", name, "inferred" if namespace.inferred else "captured", "", namespace.inferred or held or "nothing")
        yield from _namespace_facts(namespace)
    for network in host.networks:
        extra = ", internal" if network.internal else ""
        yield Fact("docker network", "", network.name, network.driver, f"{network.bridge or ''} {' '.join(map(str, network.subnets))}{extra}".strip())
    for container in host.containers:
        yield _container_fact(container)
    for capture in captures:
        yield Fact("capture", capture.netns, capture.name, capture.interface or "any")
    for finding in findings:
        what = "not captured" if finding.kind is Kind.MISSING else "finding"
        yield Fact(what, "", finding.text, finding.kind.value, finding.why, finding.file, finding.line)


_NAMES = {
    "ip-addr": "addresses", "ip-link": "links", "ip-route": "routes", "ip-rule": "policy rules", "ip-neigh": "neighbours",
    "bridge-link": "bridge ports", "bridge-fdb": "bridge fdb", "bridge-vlan": "bridge VLANs", "brctl-show": "brctl show",
    "iptables": "iptables-save", "ip6tables": "ip6tables-save", "iptables-list": "iptables -L", "ip6tables-list": "ip6tables -L",
    "nft": "nft ruleset", "ipset": "ipset save", "ss": "sockets", "sysctl": "sysctls", "netstat-l": "netstat", "netstat-r": "netstat -r",
    "docker-inspect": "containers", "docker-network-inspect": "container networks"}


def _told(held: Sequence[str]) -> str:
    """What was captured, in the words that people use."""
    return ", ".join(sorted(_NAMES.get(fact, fact) for fact in held))


def _namespace_facts(namespace: Namespace) -> Iterator[Fact]:
    for interface in namespace.interfaces.values():
        words = ["DOWN"] if interface.flags and not interface.up else []
        words += [f"{a.local}/{a.prefix_length}" for a in interface.addresses]
        words += [f"port of {interface.master}"] if interface.master else []
        words += [f"veth to {interface.peer_netns}/{interface.peer_name}"] if interface.peer_netns else []
        yield Fact("interface", namespace.name, interface.name, interface.kind or "", " ".join(words))
    for table in (*(namespace.tables4 or ()), *(namespace.tables6 or ())):
        rules = sum(len(chain.rules) for chain in table.chains.values())
        family = "IPv4" if table.family == "ip" else "IPv6"
        yield Fact("rules", namespace.name, f"{family} {table.name}", table.backend.value, f"{rules} rule{'' if rules == 1 else 's'}", table.file)
    for route in (*(namespace.routes4 or ()), *(namespace.routes6 or ())):
        if route.destination.prefixlen == 0 and route.type.value == "unicast":
            yield Fact("route", namespace.name, "default", route.type.value, route.text, route.file, route.line)
    if namespace.conntrack:
        yield Fact("conntrack", namespace.name, "connections", "", f"{len(namespace.conntrack)} were open")


def _container_fact(container: Container) -> Fact:
    where = f"shares the namespace of {container.shares_with}" if container.shares_with else f"network mode {container.network_mode}"
    addresses = " ".join(str(e.address) for e in container.endpoints if e.address)
    ports = " ".join(f"{p.host_address or '*'}:{p.host_port}->{p.container_port}/{p.protocol}" for p in container.ports)
    return Fact("container", container.netns or "", container.name, container.state,
                ", ".join(part for part in (where, addresses, ports) if part))


def fact_rows(found: Iterable[Fact]) -> Iterator[dict[str, Any]]:
    """The facts as rows of a table (`COLUMNS`)."""
    for fact in found:
        yield {"what": fact.what, "netns": fact.netns, "name": fact.name, "kind": fact.kind, "detail": fact.detail, "file": fact.file,
               "line": fact.line or ""}


def print_overview(out: Console, loaded: Loaded, captures: Sequence[Source], findings: Sequence[Finding]) -> None:
    """What was captured, the network, what is missing and what that hides."""
    host = loaded.built.host
    captured = moment(host.captured)
    line(out, f"{loaded.raw.source}: host {host.hostname or '(name unknown)'}" + (f", kernel {host.kernel}" if host.kernel else "")
         + (f", captured {captured}" if captured else ""), "bold")
    line(out, f"This is {loaded.built.kind.value}.")
    for why in host.doubts:
        line(out, f"No answer from it is certain: {why}.", "bold yellow")
    found = list(facts(loaded, captures, findings))
    for name in host.namespaces:
        _group(out, place_title(host, name), [f for f in found if f.netns == name and f.what in _OF_NAMESPACE], ("name", "kind", "detail"))
    for what, title in (("docker network", "docker networks"), ("container", "containers")):
        _group(out, title, [f for f in found if f.what == what], ("name", "kind", "detail"))
    _group(out, "captures", [f for f in found if f.what == "capture"], ("name", "netns", "kind"))
    if not captures:
        line(out, "")
        line(out, "captures: none: name one with --pcap, or ask with `packetpath trace`")
    _findings(out, "findings", [f for f in found if f.what == "finding"])
    _findings(out, "not captured", [f for f in found if f.what == "not captured"])


def _group(out: Console, title: str, found: Sequence[Fact], columns: Sequence[str]) -> None:
    """A title and aligned lines; the last column wraps."""
    if not found:
        return
    from rich.table import Table
    from rich.text import Text
    line(out, "")
    line(out, title, "bold")
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=0)
    for column in columns:
        grid.add_column(overflow="fold", no_wrap=column != columns[-1])
    for fact in found:
        grid.add_row("", *(Text(visible(getattr(fact, column))) for column in columns))
    out.print(grid)


def _findings(out: Console, title: str, found: Sequence[Fact]) -> None:
    """Where, what stands there, and what it means."""
    from rich.padding import Padding
    from rich.text import Text
    if found:
        line(out, "")
        line(out, title, "bold")
    for fact in found:
        where = f"{fact.file}:{fact.line}" if fact.line else fact.file
        out.print(Padding(Text(visible(f"{where}: {fact.detail}" + (f"  [{fact.name}]" if fact.name else ""))), (0, 0, 0, 2), expand=False))
