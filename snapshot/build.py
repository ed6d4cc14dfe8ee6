"""RawSnapshot -> Host: every file parsed, facts joined (veth peers, ports, containers), and checked. What is wrong is a finding."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from snapshot import join
from snapshot.check import check_tables
from snapshot.finding import Finding, Kind
from snapshot.host import HOST, Host, Namespace
from snapshot.host.firewall import Backend, NftBaseChain, Table
from snapshot.host.link import Interface
from snapshot.naming import Place, place
from snapshot.parse import (
    brctl_show,
    bridge_fdb,
    bridge_link,
    bridge_vlan,
    conntrack,
    docker_inspect,
    docker_network_inspect,
    ip_addr,
    ip_link,
    ip_neigh,
    ip_route,
    ip_rule,
    ipset_save,
    iptables_save,
    nft_ruleset,
    ss,
    sysctl,
)
from snapshot.raw import RawFile, RawSnapshot

R = TypeVar("R")
_CAPTURE_ENDS = (".pcap", ".pcapng", ".cap")
_NFT_OWN = {"filter", "nat", "mangle", "raw", "security"}
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


@dataclass(slots=True)
class _Files:
    """The files of one namespace by fact: JSON first, then text."""

    name: str
    by_fact: dict[str, list[tuple[Place, RawFile]]] = field(default_factory=dict)

    def of(self, fact: str, family: int | None = None) -> list[tuple[Place, RawFile]]:
        found = self.by_fact.get(fact, [])
        if family is not None:
            found = [item for item in found if item[0].family in (family, 0 if family == 4 else family)]
        return sorted(found, key=lambda item: (not item[0].json, item[1].path))


def build(raw: RawSnapshot) -> Built:
    """Understand a snapshot. Never raises on what a file says: each damage is a finding, and costs only itself."""
    findings = list(raw.findings)
    manifest = _manifest(raw, findings)
    groups: dict[str, _Files] = {}
    for path, file in raw.files.items():
        where = place(path)
        if where is not None and not path.endswith(_CAPTURE_ENDS):
            groups.setdefault(where.netns, _Files(where.netns)).by_fact.setdefault(where.fact, []).append((where, file))
    if groups and HOST not in groups and len(groups) == 1:
        only = groups.pop(next(iter(groups)))
        groups[HOST] = only
    names = sorted(groups, key=lambda name: (name != HOST, name))
    namespaces = {name: _namespace(name, groups[name], manifest, findings) for name in names
                  if name == HOST or any(fact.startswith(("ip-", "iptables", "ip6tables")) for fact in groups[name].by_fact)}
    containers = _first(groups.get(HOST), "docker-inspect", docker_inspect.parse, findings) or ()
    networks = _first(groups.get(HOST), "docker-network-inspect", docker_network_inspect.parse, findings) or ()
    host = Host(namespaces, tuple(containers), tuple(networks), str((manifest or {}).get("hostname", "")),
                str((manifest or {}).get("kernel", "")), str((manifest or {}).get("started", "")))
    host = join.join(host, manifest, findings)
    for namespace in host.namespaces.values():
        check_tables(namespace, findings)
        _missing(namespace, groups, findings)
    return Built(host, tuple(findings), tuple(_captures(raw, manifest)), manifest)


def _manifest(raw: RawSnapshot, findings: list[Finding]) -> Mapping[str, Any] | None:
    file = raw.files.get("manifest.json")
    if file is None:
        return None
    try:
        manifest = json.loads(file.text)
    except (ValueError, RecursionError) as error:
        findings.append(Finding(Kind.SYNTAX, file.path, getattr(error, "lineno", 0), "", f"not valid JSON: {error}"))
        return None
    if not isinstance(manifest, dict):
        findings.append(Finding(Kind.SYNTAX, file.path, 0, "", "not a JSON object"))
        return None
    for item in manifest.get("missing") or ():
        if isinstance(item, dict):
            findings.append(Finding(Kind.MISSING, str(item.get("file", "manifest.json")), 0, str(item.get("command", "")),
                                    str(item.get("why", "not captured"))))
    return manifest


def _first(files: _Files | None, fact: str, parse: Callable[[str, str], tuple[R, tuple[Finding, ...]]], findings: list[Finding],
           family: int | None = None) -> R | None:
    """The records of the best file for a fact: JSON where it can be read, else the plain text. None where none was captured."""
    best: R | None = None
    for _, file in files.of(fact, family) if files is not None else ():
        if not file.data.strip():
            best = best if best is not None else parse("", file.path)[0]
            continue
        records, problems = parse(file.text, file.path)
        findings += problems
        if records:
            return records
        best = records
    return best


def _namespace(name: str, files: _Files, manifest: Mapping[str, Any] | None, findings: list[Finding]) -> Namespace:
    def both(fact: str, parse: Callable[..., tuple[R, tuple[Finding, ...]]], family: int) -> R | None:
        return _first(files, fact, lambda text, path: parse(text, path, family), findings, family)

    entries = [record for _, file in files.of("conntrack") for record in _read(conntrack.parse, file, findings)]
    sets = _first(files, "ipset", ipset_save.parse, findings)
    neighbours = [record for _, file in _per_family(files, "ip-neigh") for record in _read(ip_neigh.parse, file, findings)]
    chains = _nft(files, findings)
    return Namespace(
        name, _interfaces(files, findings), both("ip-route", ip_route.parse, 4), both("ip-route", ip_route.parse, 6),
        both("ip-rule", ip_rule.parse, 4), both("ip-rule", ip_rule.parse, 6),
        tuple(neighbours) if files.of("ip-neigh") else None, _first(files, "bridge-fdb", bridge_fdb.parse, findings),
        _tables(files, "iptables", "ip", chains, findings), _tables(files, "ip6tables", "ip6", chains, findings),
        _native(chains, findings), {one.name: one for one in sets} if sets is not None else None,
        tuple(dict.fromkeys(entries)) if files.of("conntrack") else None, _first(files, "ss", ss.parse, findings),
        _first(files, "sysctl", sysctl.parse, findings))


def _read(parse: Callable[[str, str], tuple[R, tuple[Finding, ...]]], file: RawFile, findings: list[Finding]) -> R:
    records, problems = parse(file.text, file.path)
    findings += problems
    return records


def _per_family(files: _Files, fact: str) -> list[tuple[Place, RawFile]]:
    """JSON where there is any, else text: never the same facts twice."""
    found = files.of(fact)
    as_json = [item for item in found if item[0].json and item[1].data.strip()]
    return as_json or [item for item in found if not item[0].json]


def _interfaces(files: _Files, findings: list[Finding]) -> dict[str, Interface]:
    links = _first(files, "ip-link", ip_link.parse, findings) or ()
    held = _first(files, "ip-addr", ip_addr.parse, findings) or ()
    with_addresses = {one.name: one for one in held}
    found: dict[str, Interface] = {}
    for one in links or held:
        other = with_addresses.get(one.name)
        found[one.name] = replace(one, addresses=other.addresses) if other is not None else one
    for one in held:
        found.setdefault(one.name, one)
    ports = _first(files, "bridge-link", bridge_link.parse, findings) or ()
    shown = _first(files, "brctl-show", brctl_show.parse, findings) or ()
    vlans = _first(files, "bridge-vlan", bridge_vlan.parse, findings) or ()
    return join.ports(found, ports, shown, vlans)


@dataclass(frozen=True, slots=True)
class _Nft:
    chains: tuple[nft_ruleset.BaseChain, ...]
    file: str


def _nft(files: _Files, findings: list[Finding]) -> _Nft | None:
    for where, file in files.of("nft"):
        if not where.json and (file.data.strip() or len(files.of("nft")) == 1):
            records, problems = nft_ruleset.parse(file.text, file.path)
            findings += problems
            return _Nft(records, file.path)
    return None


def _tables(files: _Files, fact: str, family: str, nft: _Nft | None, findings: list[Finding]) -> tuple[Table, ...] | None:
    """The tables of one family from every back-end that was captured, the same back-end only once."""
    held = files.of(fact)
    if not held:
        return None
    found: list[Table] = []
    seen: set[tuple[Backend, str]] = set()
    for where, file in sorted(held, key=lambda item: ("save" not in item[0].words, item[1].path)):
        backend = Backend.LEGACY if "legacy" in where.words else Backend.NFT if "nft" in where.words else Backend.UNKNOWN
        tables, problems = iptables_save.parse(file.text, file.path, family, backend)
        findings += problems
        for table in tables:
            if (table.backend, table.name) in seen:
                continue
            seen.add((table.backend, table.name))
            found.append(_with_absent(table, nft))
    return tuple(found)


def _with_absent(table: Table, nft: _Nft | None) -> Table:
    """Base chains that iptables-nft-save prints although the kernel has none (no rule was ever put there)."""
    if table.backend is not Backend.NFT or nft is None:
        return table
    real = {chain.name for chain in nft.chains if chain.family == table.family and chain.table == table.name}
    printed = {chain.name for chain in table.chains.values() if chain.policy is not None}
    return replace(table, absent_base_chains=frozenset(printed - real))


def _native(nft: _Nft | None, findings: list[Finding]) -> tuple[NftBaseChain, ...] | None:
    """Base chains that are not iptables-nft's own: packets meet them, and they are not modelled."""
    if nft is None:
        return None
    found = tuple(NftBaseChain(c.family, c.table, c.name, c.type, c.hook, 0, c.policy, c.rules, nft.file, c.line)
                  for c in nft.chains if not (c.family in ("ip", "ip6") and c.table in _NFT_OWN and c.name.isupper()))
    for chain in found:
        findings.append(Finding(Kind.NOT_MODELLED, nft.file, chain.line, f"table {chain.family} {chain.table} chain {chain.name}",
                                f"a native nftables chain at hook {chain.hook} ({chain.rules} rules): packets meet it, and it is "
                                "not replayed"))
    return found


def _missing(namespace: Namespace, groups: Mapping[str, _Files], findings: list[Finding]) -> None:
    facts = groups[namespace.name].by_fact if namespace.name in groups else {}
    for fact, hides in _HIDES.items():
        if fact in facts:
            continue
        if fact in ("iptables", "ip6tables") and "nft" in facts:
            continue
        findings.append(Finding(Kind.MISSING, f"netns/{namespace.name}/{fact}", 0, "", f"not captured; hides {hides}"))


def _captures(raw: RawSnapshot, manifest: Mapping[str, Any] | None) -> list[CaptureFile]:
    known = {str(item.get("file")): item for item in (manifest or {}).get("captures") or () if isinstance(item, dict)}
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
