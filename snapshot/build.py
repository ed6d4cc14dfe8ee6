"""RawSnapshot -> Host: every file parsed, facts joined (veth peers, ports, containers), and checked. What is wrong is a finding."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from snapshot import join
from snapshot.bundle.bundle import Bundle, BundleKind
from snapshot.bundle.recognise import recognise
from snapshot.check import check_links, check_tables
from snapshot.facts import Files, every, first, group
from snapshot.finding import Finding, Kind
from snapshot.host import HOST, Host, Namespace
from snapshot.infer import infer_containers
from snapshot.namespace import OF_A_NAMESPACE, namespace_of
from snapshot.parse import docker_inspect, docker_network_inspect, ip_netns
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
# what else tells a fact, or most of it
_STANDS_FOR = {"ip-addr": ("ifconfig", "proc-if-inet6"), "ip-route": ("route", "netstat-r", "proc-route", "proc-ipv6-route"),
               "iptables": ("iptables-list", "nft"), "ip6tables": ("ip6tables-list", "nft"), "ss": ("netstat-l", "proc-tcp"),
               "bridge-fdb": ("brctl-macs",)}


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
    namespaces = {name: namespace_of(name, groups[name], findings) for name in names
                  if name == HOST or groups[name].by_fact.keys() & OF_A_NAMESPACE}
    containers = every(groups.get(HOST), "docker-inspect", docker_inspect.parse, findings)
    networks = every(groups.get(HOST), "docker-network-inspect", docker_network_inspect.parse, findings)
    ids = first(groups.get(HOST), (("ip-netns", ip_netns.parse),), findings)
    cut = tuple(f"{raw.source} is damaged or cut off: what else it held is not known" for finding in raw.findings
                if finding.kind is Kind.TRUNCATED and finding.file == raw.source)
    host = Host(namespaces, containers, networks, bundle.hostname, bundle.kernel, bundle.captured, (*bundle.doubts, *cut[:1]))
    host = infer_containers(join.join(host, bundle.manifest, findings, ids), findings)
    for namespace in host.namespaces.values():
        check_tables(namespace, findings)
        check_links(namespace, findings)
        if not namespace.inferred:
            _missing(namespace, groups, findings)
    facts = {name: tuple(sorted(files.by_fact)) for name, files in groups.items() if name in host.namespaces}
    return Built(host, tuple(dict.fromkeys(findings)), tuple(_captures(raw, bundle)), bundle.manifest, bundle.kind, facts)


def _missing(namespace: Namespace, groups: Mapping[str, Files], findings: list[Finding]) -> None:
    facts = groups[namespace.name].by_fact if namespace.name in groups else {}
    for fact, hides in _HIDES.items():
        if fact in facts:
            continue
        if any(other in facts for other in _STANDS_FOR.get(fact, ())):
            continue
        if fact == "bridge-fdb" and namespace.interfaces and not any(one.kind == "bridge" for one in namespace.interfaces.values()):
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
