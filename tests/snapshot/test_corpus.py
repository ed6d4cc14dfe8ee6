"""What real hosts printed is read in full: as many rules, routes, addresses, ... as the text has lines of them, counted by other means."""

import json
import re
from collections import Counter
from collections.abc import Callable

import pytest

from snapshot.build import Built, build
from snapshot.finding import Kind
from snapshot.host import Namespace
from snapshot.host.firewall import Rule
from snapshot.parse.iptables_save import render
from snapshot.text import readable
from tests.snapshot.corpus_files import alone, corpus

TEXTS = {name: data for name, data in corpus().items() if not name.startswith("sos/") and b"\0" not in data[:100]}
# not what the folder's name says: other outputs of the same tools, or broken on purpose; they are only asked not to crash
OTHERS = re.compile(r"mdb|maddr|netconf|nexthop|conntrack_S$|L_save|save_xml|list_n$|PODMAN_PS|ip_netns$|api_v\S+_container_L(2041|2438|53|63)\.json|containers\.json"
                    r"|containers_json|BAD_NEIGH|unsupported|SPECIAL|openstack__ip_netns|tsv$|ip_N_route|route-6\.out|conntrack_-L_-o_extended"
                    r"|builder__|arp-?v?a?\.out|MALFORMED|_Lv\.txt|_S\.txt|golden$|neigh_proxy|_container_|_network_|networks\.json|showmacs|showstp|vlan_show|d_vlan|sj_vlan")


def host(name: str) -> tuple[Built, Namespace | None]:
    """The host built from one file."""
    built = build(alone(name, TEXTS[name]))
    return built, built.host.namespaces.get("host")


def lines(text: str, pattern: str) -> int:
    """How many lines match from their beginning."""
    return sum(re.match(pattern, line) is not None for line in text.splitlines())


def objects(text: str) -> list[dict[str, object]] | None:
    """A JSON array's objects that are not empty; None for a text that is no JSON."""
    return [item for item in json.loads(text) if item] if text.lstrip()[:1] == "[" else None


@pytest.mark.parametrize("name", sorted(corpus()))
def test_nothing_real_crashes(name: str) -> None:
    """Each file gives a model, or a finding that names it."""
    data = corpus()[name]
    built = build(alone(name, data))
    useful = built.host.namespaces or built.host.containers or built.host.networks
    assert useful or any(finding.file == name.rpartition("/")[2] for finding in built.findings) or name.startswith("sos/")


def _addresses(text: str, space: Namespace) -> tuple[int, int]:
    held = objects(text)
    want = sum(len([a for a in item.get("addr_info", []) if "local" in a]) for item in held) if held is not None else (  # type: ignore[attr-defined]
        lines(text, r"\s+inet6? (?:addr: ?)?\S+") + lines(text, r"\d+: \S+\s+inet6? ") + sum(
            len(re.findall(r"\S+/\d+", line)) for line in text.splitlines() if re.match(r"\S+\s+(UP|DOWN|UNKNOWN)\s", line)))
    return want, sum(len(interface.addresses) for interface in space.interfaces.values())


def _links(text: str, space: Namespace) -> tuple[int, int]:
    held = objects(text)
    return len(held) if held is not None else lines(text, r"\d+: \S+: <"), len(space.interfaces)


def _routes(text: str, space: Namespace) -> tuple[int, int]:
    held = objects(text)
    want = len(held) if held is not None else sum(bool(line.strip()) and not line[0].isspace() and not line.startswith(("Kernel", "Destination"))
                                                  for line in text.splitlines())
    want -= lines(text, r"::/0\s+::\s+!n|0{32} 00 .* ffffffff ")  # the kernel's own last entry of each table
    return want, len(space.routes4 or ()) + len(space.routes6 or ())


def _policies(text: str, space: Namespace) -> tuple[int, int]:
    held = objects(text)
    return len(held) if held is not None else lines(text, r"\d+:"), len(space.rules4 or ()) + len(space.rules6 or ())


def _neighbours(text: str, space: Namespace) -> tuple[int, int]:
    held = objects(text)
    want = len(held) if held is not None else sum(bool(line.strip()) and not line[0].isspace() and not line.startswith(("IP address", "Address", "Entries"))
                                                  for line in text.splitlines())
    return want, len(space.neighbours or ())


def _fdb(text: str, space: Namespace) -> tuple[int, int]:
    held = objects(text)
    return len(held) if held is not None else lines(text, r"[0-9a-f]{2}:"), len(space.fdb or ())


def _conntrack(text: str, space: Namespace) -> tuple[int, int]:
    return sum("src=" in line for line in text.splitlines()), len(space.conntrack or ())


def _sysctl(text: str, space: Namespace) -> tuple[int, int]:
    return len({line.split("=")[0].strip() for line in text.splitlines() if re.match(r"\s*[\w.*/:-]+ *= ?", line)}), len(space.sysctls or ())


def _sets(text: str, space: Namespace) -> tuple[int, int]:
    want = lines(text, r"create |Name: ") + lines(text, r"add ")
    if "Members:" in text:
        want += sum(len([x for x in part.split("\n\n")[0].split("\n")[1:] if x.strip()]) for part in text.split("Members:")[1:])
    return want, len(space.ipsets or {}) + sum(len(one.entries) for one in (space.ipsets or {}).values())


COUNTS: dict[str, Callable[[str, Namespace], tuple[int, int]]] = {
    "ip-addr": _addresses, "ip-link": _links, "ip-route": _routes, "ip-rule": _policies, "ip-neigh": _neighbours, "conntrack": _conntrack,
    "sysctl": _sysctl, "ipset": _sets}


@pytest.mark.parametrize("name", sorted(name for name in TEXTS if name.split("/")[0] in COUNTS and not OTHERS.search(name)))
def test_as_much_is_read_as_stands_there(name: str) -> None:
    """Records and lines (or JSON objects) are as many, counted apart."""
    built, space = host(name)
    assert space is not None, [str(finding) for finding in built.findings]
    want, got = COUNTS[name.split("/")[0]](readable(TEXTS[name]).text, space)
    assert got == want, [str(finding) for finding in built.findings if finding.kind is Kind.SYNTAX]


@pytest.mark.parametrize("name", sorted(name for name in TEXTS if name.startswith("bridge/") and "fdb" in name))
def test_every_entry_of_the_fdb_is_read(name: str) -> None:
    """One record for each line or object."""
    _, space = host(name)
    want, got = _fdb(TEXTS[name].decode(), space or Namespace("host"))
    assert got == want


@pytest.mark.parametrize("name", sorted(name for name in TEXTS if name.startswith("brctl/") and "showmacs" not in name and "showstp" not in name))
def test_every_bridge_and_port_is_read(name: str) -> None:
    """`brctl show` puts each further port on a line of its own."""
    _, space = host(name)
    assert space is not None
    words = [line.split() for line in TEXTS[name].decode().splitlines() if line.strip() and not line.startswith("bridge name")]
    ports = sum(len(w) - 3 if len(w) >= 3 else 1 for w in words)
    assert sum(interface.master is not None for interface in space.interfaces.values()) == ports
    assert sum(interface.kind == "bridge" for interface in space.interfaces.values()) == sum(len(w) >= 3 for w in words)


def _saved(text: str) -> Counter[str]:
    """The rules of an iptables-save, with their counters, as they stand there."""
    appended = (re.sub(r"^-I (\S+)(?: \d+)?", r"-A \1", line.strip()) for line in text.splitlines())
    return Counter(line for line in appended if re.match(r"(\[\d+:\d+\] )?-A ", line))


@pytest.mark.parametrize("name", sorted(name for name in TEXTS if name.startswith("iptables-save/") and not OTHERS.search(name)))
def test_rules_are_printed_back(name: str) -> None:
    """Every rule and chain of a save is printed as it stood there."""
    text = TEXTS[name].decode("utf-8", "surrogateescape")
    _, space = host(name)
    assert space is not None
    tables = (*(space.tables4 or ()), *(space.tables6 or ()))
    assert _saved("\n".join(render(table) for table in tables)) == _saved(text)
    if "-I " not in text and "-N " not in text:
        chains = Counter(line.split()[0] for line in text.splitlines() if line.startswith(":"))
        declared = Counter(line.split()[0] for table in tables for line in render(table).splitlines() if line.startswith(":"))
        assert not chains - declared


def rules(space: Namespace) -> list[Rule]:
    """All rules of all tables."""
    return [rule for table in (*(space.tables4 or ()), *(space.tables6 or ())) for chain in table.chains.values() for rule in chain.rules]


@pytest.mark.parametrize("name", sorted(name for name in TEXTS if name.startswith("iptables-list/") and not OTHERS.search(name)))
def test_every_row_of_a_listing_is_a_rule(name: str) -> None:
    """As many rules as rows; those listed with -v and -n, by the versions here, are understood but for known losses."""
    text = TEXTS[name].decode("utf-8", "replace")
    _, space = host(name)
    assert space is not None
    rows = [line for line in text.splitlines() if line.strip() and not re.match(r"Chain |#|\s*(num\s+)?(pkts|target)\s", line)]
    assert len(rules(space)) == len(rows)
    if "made-for-packetpath" in name:
        lost = [rule.text for rule in rules(space) if any(clause.name == "listing" for clause in rule.matches)]
        assert not lost


def test_a_sosreport_is_read_in_full() -> None:
    """The namespaces, rules and connections of a cut-down sosreport of an OpenStack node, and its routes of both families."""
    import io
    import tarfile

    from snapshot.raw import RawFile, RawSnapshot
    data = corpus()["sos/canonical-hotsos/sosreport-openstack.tar.xz"]
    files = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            if member.isreg():
                path = member.name.split("/", 1)[1]
                files[path] = RawFile(path, archive.extractfile(member).read())  # type: ignore[union-attr]
    built = build(RawSnapshot("sosreport-openstack.tar.xz", files))
    assert built.kind.value == "a sosreport"
    assert sorted(name.split("-")[0] for name in built.host.namespaces) == ["fip", "host", "qrouter", "snat"]
    router = next(space for name, space in built.host.namespaces.items() if name.startswith("qrouter"))
    text = next(file.text for path, file in files.items() if "qrouter" in path and path.endswith("iptables-save"))
    assert len(rules(router)) >= len(_saved(text)) > 20
    assert (built.host.hostname, built.host.kernel) == ("compute4", "5.4.0-97-generic")
    assert len(built.host.namespaces["host"].conntrack or ()) == lines(files["sos_commands/conntrack/conntrack_-L_-o_extended"].text, r"ipv[46] ")
