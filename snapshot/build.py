"""RawSnapshot -> Host: every file parsed, facts joined (veth peers, ports, containers), and checked. What is wrong is a finding."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from snapshot import join
from snapshot.bundle.bundle import Bundle, BundleKind
from snapshot.bundle.recognise import recognise
from snapshot.check import check_links, check_tables
from snapshot.facts import Files, Parser, every, first, group, read
from snapshot.finding import Finding, Kind
from snapshot.host import HOST, Host, Namespace
from snapshot.host.firewall import Backend, NftBaseChain, Table
from snapshot.host.link import Interface
from snapshot.host.neighbour import FdbEntry
from snapshot.host.routing import TABLE_LOCAL, PolicyRule, Route
from snapshot.host.socket import Listener
from snapshot.infer import infer_containers, invent_interfaces
from snapshot.parse import (
    brctl_macs,
    brctl_show,
    bridge_fdb,
    bridge_link,
    bridge_vlan,
    conntrack,
    conntrack_expect,
    docker_inspect,
    docker_network_inspect,
    ip_addr,
    ip_addrlabel,
    ip_link,
    ip_maddr,
    ip_neigh,
    ip_nexthop,
    ip_route,
    ip_rule,
    ipset_save,
    iptables_list,
    iptables_save,
    net_tools,
    nft_ruleset,
    proc_net,
    ss,
    sysctl,
)
from snapshot.raw import RawFile, RawSnapshot

_CAPTURE_ENDS = (".pcap", ".pcapng", ".cap")
_HIDES = {
    "ip-addr": "which addresses are its own, so what is delivered here and what MASQUERADE would choose",
    "ip-route": "by which interface packets leave; only what follows from the addresses is known",
    "ip-rule": "policy routing; the three default rules are assumed",
    "iptables": "IPv4 rules: packets are taken to meet none",
    "ip6tables": "IPv6 rules: packets are taken to meet none",
    "sysctl": "forwarding, rp_filter and whether bridged packets meet iptables; defaults are assumed",
    "conntrack": "connections that were open before the capture; their packets look new",
    "ss": "who listens: a delivered packet may find no socket",
    "bridge-fdb": "which port a MAC address is behind",
    "nft": "native nftables rules, and which of iptables-nft's chains really exist",
}
_ADDRESSES = (("ip-addr", ip_addr.parse), ("ifconfig", net_tools.ifconfig), ("proc-if-inet6", proc_net.if_inet6))
_LISTENERS = (("ss", ss.parse), ("netstat-l", net_tools.netstat))
_SOCKETS = tuple((f"proc-{name}", partial(proc_net.sockets, protocol=name)) for name in ("tcp", "tcp6", "udp", "udp6"))
_STANDS_FOR = {"ip-addr": ("ip-link", "ifconfig", "proc-if-inet6"), "ip-route": ("route", "netstat-r", "proc-route", "proc-ipv6-route"),
               "iptables": ("iptables-list", "nft"), "ip6tables": ("ip6tables-list", "nft"), "ss": ("netstat-l", "proc-tcp"), "bridge-fdb": ("brctl-macs",)}


@dataclass(frozen=True, slots=True)
class CaptureFile:
    """A capture in the snapshot; `interface` is `any` or a name, None where unknown."""

    path: str
    netns: str
    interface: str | None
    raw: RawFile


@dataclass(frozen=True, slots=True)
class Built:
    """A snapshot understood. `findings` hold what was missing or wrong; `manifest` is the collector's own list, where it is there."""

    host: Host
    findings: tuple[Finding, ...]
    captures: tuple[CaptureFile, ...] = ()
    manifest: Mapping[str, Any] | None = None
    kind: BundleKind = BundleKind.SNAPSHOT
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # namespace -> what was captured of it


def build(raw: RawSnapshot) -> Built:
    """Understand a snapshot. Never raises on what a file says: each damage is a finding, and costs only itself."""
    bundle = recognise(raw)
    findings = [*raw.findings, *bundle.findings]
    groups = group((where, file) for where, file in bundle if not file.path.endswith(_CAPTURE_ENDS))
    if groups and HOST not in groups and len(groups) == 1:
        groups[HOST] = groups.pop(next(iter(groups)))
    names = sorted(groups, key=lambda name: (name != HOST, name))
    namespaces = {name: _namespace(name, groups[name], findings) for name in names
                  if name == HOST or groups[name].by_fact.keys() & _OF_A_NAMESPACE}
    containers = every(groups.get(HOST), "docker-inspect", docker_inspect.parse, findings)
    networks = every(groups.get(HOST), "docker-network-inspect", docker_network_inspect.parse, findings)
    host = Host(namespaces, containers, networks, bundle.hostname, bundle.kernel, bundle.captured, bundle.doubts)
    host = infer_containers(join.join(host, bundle.manifest, findings), findings)
    for namespace in host.namespaces.values():
        check_tables(namespace, findings)
        check_links(namespace, findings)
        if not namespace.inferred:
            _missing(namespace, groups, findings)
    facts = {name: tuple(sorted(files.by_fact)) for name, files in groups.items() if name in host.namespaces}
    return Built(host, tuple(dict.fromkeys(findings)), tuple(_captures(raw, bundle)), bundle.manifest, bundle.kind, facts)


_OF_A_NAMESPACE = {"ip-addr", "ip-link", "ip-route", "ip-rule", "ip-neigh", "iptables", "ip6tables", "iptables-list", "ip6tables-list", "ifconfig",
                   "route", "netstat-r", "conntrack", "nft"}


def _namespace(name: str, files: Files, findings: list[Finding]) -> Namespace:
    sets = first(files, (("ipset", ipset_save.parse), ("ipset-list", ipset_save.parse_list)), findings)
    neighbours = every(files, "ip-neigh", ip_neigh.parse, findings) or first(files, (("arp", net_tools.arp), ("proc-arp", proc_net.arp)), findings)
    chains = _nft(files, findings)
    tables4, unseen4 = _tables(files, "iptables", "ip", chains, findings)
    tables6, unseen6 = _tables(files, "ip6tables", "ip6", chains, findings)
    made = Namespace(
        name, _interfaces(files, findings), _routes(files, 4, findings), _routes(files, 6, findings),
        _rules(files, 4, findings), _rules(files, 6, findings),
        tuple(neighbours) if neighbours is not None and (neighbours or files.of("ip-neigh")) else None,
        _fdb(files, findings),
        tables4, tables6, _native(chains, (*(tables4 or ()), *(tables6 or ())), findings),
        {one.name: one for one in sets} if sets is not None else None,
        every(files, "conntrack", conntrack.parse, findings) if files.of("conntrack") else None, _listeners(files, findings),
        _settings(files, findings), unseen4=unseen4, unseen6=unseen6,
        expected=every(files, "conntrack-expect", conntrack_expect.parse, findings) if files.of("conntrack-expect") else None,
        address_labels=first(files, (("ip-addrlabel", ip_addrlabel.parse),), findings) or None)
    return invent_interfaces(made, any(files.of(fact) for fact, _ in _ADDRESSES), findings)


def _routes(files: Files, family: int, findings: list[Finding]) -> tuple[Route, ...] | None:
    """The routes of a family: from `ip route`, else from what shows the main table only."""
    def of(parse: Callable[..., tuple[tuple[Route, ...], tuple[Finding, ...]]]) -> Parser[tuple[Route, ...]]:
        return lambda text, path: parse(text, path, family)
    others = (("proc-route", of(proc_net.route)),) if family == 4 else (("proc-ipv6-route", of(proc_net.ipv6_route)),)
    readers = (("ip-route", of(ip_route.parse)), ("route", of(net_tools.route)), ("netstat-r", of(net_tools.route)), *others)
    found = first(files, readers, findings, family)
    found = join.nexthops(found, first(files, (("ip-nexthop", ip_nexthop.parse),), findings) or ())
    if found is None or family == 6 or any(route.table == TABLE_LOCAL for route in found):
        return found
    return (*found, *(first(files, (("proc-fib-trie", of(proc_net.fib_trie)),), findings) or ()))


def _fdb(files: Files, findings: list[Finding]) -> tuple[FdbEntry, ...] | None:
    """`bridge fdb`; else `brctl showmacs`, whose port numbers `brctl showstp` names."""
    held = first(files, (("bridge-fdb", bridge_fdb.parse),), findings)
    if held is not None or not files.of("brctl-macs"):
        return held
    shown = {bridge.name: bridge for bridge in every(files, "brctl-stp", brctl_show.parse_stp, findings)}
    found: list[FdbEntry] = []
    for where, file in files.of("brctl-macs"):
        bridge = next((one for name, one in shown.items() if "".join(where.words).endswith(re.sub(r"[-_.]", "", name.lower()))), None)
        found += brctl_macs.joined(read(brctl_macs.parse, file, findings), bridge, file.path, findings)
    return tuple(found)


def _listeners(files: Files, findings: list[Finding]) -> tuple[Listener, ...] | None:
    """What `ss` or netstat showed; else the four tables of /proc/net."""
    held = first(files, _LISTENERS, findings)
    if held is not None or not any(files.of(fact) for fact, _ in _SOCKETS):
        return held
    return tuple(one for fact, parse in _SOCKETS for one in every(files, fact, parse, findings))


def _rules(files: Files, family: int, findings: list[Finding]) -> tuple[PolicyRule, ...] | None:
    return first(files, (("ip-rule", lambda text, path: ip_rule.parse(text, path, family)),), findings, family)


def _settings(files: Files, findings: list[Finding]) -> dict[str, str] | None:
    """All settings told; `sysctl -a` where it was captured, /proc/sys where not."""
    held = files.of("sysctl")
    if not held:
        return None
    found: dict[str, str] = {}
    for _, file in reversed(held):
        found |= read(sysctl.parse, file, findings)
    return found


def _interfaces(files: Files, findings: list[Finding]) -> dict[str, Interface]:
    links = first(files, (("ip-link", ip_link.parse),), findings) or ()
    held = first(files, _ADDRESSES, findings) or ()
    with_addresses = {one.name: one for one in held}
    found: dict[str, Interface] = {}
    for one in links or held:
        other = with_addresses.get(one.name)
        found[one.name] = replace(one, addresses=other.addresses) if other is not None else one
    for one in held:
        found.setdefault(one.name, one)
    if not files.of("ip-addr") and files.of("ifconfig"):
        for one in first(files, (("proc-if-inet6", proc_net.if_inet6),), findings) or ():
            if one.name in found and not any(address.family == 6 for address in found[one.name].addresses):
                found[one.name] = replace(found[one.name], addresses=(*found[one.name].addresses, *one.addresses))
    ports = first(files, (("bridge-link", bridge_link.parse),), findings) or ()
    shown = first(files, (("brctl-show", brctl_show.parse), ("brctl-stp", brctl_show.parse_stp)), findings) or ()
    vlans = first(files, (("bridge-vlan", bridge_vlan.parse),), findings) or ()
    groups = first(files, (("ip-maddr", ip_maddr.parse),), findings)
    return join.groups(join.ports(found, ports, shown, vlans), groups)


@dataclass(frozen=True, slots=True)
class _Nft:
    chains: tuple[nft_ruleset.BaseChain, ...]
    file: str


def _nft(files: Files, findings: list[Finding]) -> _Nft | None:
    for where, file in files.of("nft"):
        if not where.json and (file.data.strip() or len(files.of("nft")) == 1):
            return _Nft(read(nft_ruleset.parse, file, findings), file.path)
    return None


def _tables(files: Files, fact: str, family: str, nft: _Nft | None, findings: list[Finding]) -> tuple[
        tuple[Table, ...] | None, tuple[tuple[str, str], ...]]:
    """The tables of one family from every back-end that was captured, the same back-end only once; and what was not seen of them."""
    found: list[Table] = []
    seen: set[tuple[Backend, str]] = set()
    for where, file in sorted(files.of(fact), key=lambda item: (item[0].partial, "save" not in item[0].words, item[1].path)):
        backend = Backend.LEGACY if "legacy" in where.words else Backend.NFT if "nft" in where.words else Backend.UNKNOWN
        tables = read(partial(_saved, family=family, backend=backend, table=where.table), file, findings)
        for table in tables:
            if (table.backend, table.name) not in seen:
                seen.add((table.backend, table.name))
                found.append(_with_absent(table, nft))
    saved = {table.name for table in found}
    for where, file in files.of(f"{fact}-list"):
        for table in read(partial(iptables_list.parse, family=family, table=where.table), file, findings):
            if table.name not in saved and not any(one.name == table.name for one in found):
                found.append(table)
    return (tuple(found) if files.of(fact) or found else None), _unseen(files, fact, found, nft)


def _saved(text: str, path: str, family: str, backend: Backend, table: str) -> tuple[tuple[Table, ...], tuple[Finding, ...]]:
    """`iptables-save`, or what `iptables -S` prints of one table."""
    if iptables_save.is_rules(text):
        held, findings = iptables_save.parse(text, path, family, backend, table or "?")
        return (held, findings) if table else iptables_list.named(held, findings, path)
    return iptables_save.parse(text, path, family, backend)


_TABLES = ("raw", "mangle", "nat", "filter")


def _unseen(files: Files, fact: str, found: list[Table], nft: _Nft | None) -> tuple[tuple[str, str], ...]:
    """(table, why): tables that the host may have and that nothing captured shows. An iptables-save shows all that there are."""
    unseen: list[tuple[str, str]] = []
    every_file = [*files.of(fact), *files.of(f"{fact}-list")]
    if any(iptables_list.WARNING.search(file.text) for _, file in every_file) and not any(table.backend is Backend.LEGACY for table in found):
        unseen.append(("", f"the host has legacy {fact} tables too (a warning says so), and they were not captured"))
    whole = any(not where.table and not where.partial and not iptables_save.is_rules(file.text) for where, file in files.of(fact))
    if whole:
        return tuple(unseen)
    if not every_file:
        return () if nft is not None else (("", f"no {fact} rules were captured"),)
    names = {table.name for table in found}
    return (*unseen, *((name, f"the {name} table was not captured") for name in _TABLES if name not in names))


def _with_absent(table: Table, nft: _Nft | None) -> Table:
    """Base chains that iptables-nft-save prints although the kernel has none (no rule was ever put there)."""
    if table.backend is not Backend.NFT or nft is None:
        return table
    real = {chain.name for chain in nft.chains if chain.family == table.family and chain.table == table.name}
    printed = {chain.name for chain in table.chains.values() if chain.policy is not None}
    return replace(table, absent_base_chains=frozenset(printed - real))


def _native(nft: _Nft | None, tables: tuple[Table, ...], findings: list[Finding]) -> tuple[NftBaseChain, ...] | None:
    """Base chains that no iptables-nft-save has told of: packets meet them, and they are not modelled."""
    if nft is None:
        return None
    own = {(table.family, table.name, chain.name) for table in tables if table.backend is not Backend.LEGACY
           for chain in table.chains.values() if chain.policy is not None}
    found = tuple(NftBaseChain(c.family, c.table, c.name, c.type, c.hook, 0, c.policy, c.rules, nft.file, c.line, c.devices)
                  for c in nft.chains if (c.family, c.table, c.name) not in own)
    for chain in found:
        findings.append(Finding(Kind.NOT_MODELLED, nft.file, chain.line, f"table {chain.family} {chain.table} chain {chain.name}",
                                f"a native nftables chain at hook {chain.hook} ({chain.rules} rules): packets meet it, and it is "
                                "not replayed"))
    return found


def _missing(namespace: Namespace, groups: Mapping[str, Files], findings: list[Finding]) -> None:
    facts = groups[namespace.name].by_fact if namespace.name in groups else {}
    for fact, hides in _HIDES.items():
        if fact in facts:
            continue
        if any(other in facts for other in _STANDS_FOR.get(fact, ())):
            continue
        findings.append(Finding(Kind.MISSING, f"netns/{namespace.name}/{fact}", 0, "", f"not captured; hides {hides}"))
    for family, unseen in ((4, namespace.unseen4), (6, namespace.unseen6)):
        findings += (Finding(Kind.MISSING, f"netns/{namespace.name}/{'ip6' if family == 6 else 'ip'}tables", 0, table, f"{why}; packets are taken to "
                             "meet no rule there, and no answer that passes it is certain") for table, why in unseen if table or "legacy" in why)


def _captures(raw: RawSnapshot, bundle: Bundle) -> list[CaptureFile]:
    told = (bundle.manifest or {}).get("captures")
    known = {str(item.get("file")): item for item in (told if isinstance(told, list) else ()) if isinstance(item, dict)}
    found: list[CaptureFile] = []
    for path, file in raw.files.items():
        if not path.endswith(_CAPTURE_ENDS):
            continue
        item = known.get(path)
        stem = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        netns, dash, interface = stem.rpartition("-")
        if item is not None:
            netns, interface = str(item.get("netns", HOST)), str(item.get("interface", "any"))
        elif not dash:
            netns, interface = HOST, stem
        found.append(CaptureFile(path, netns, interface, file))
    return found
