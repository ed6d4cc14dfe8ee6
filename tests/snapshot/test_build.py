"""From files to a host: joins, fallbacks and what is said to be missing."""

import io
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from snapshot.archive import open_snapshot
from snapshot.build import build
from snapshot.finding import Kind
from snapshot.raw import RawFile, RawSnapshot

SAMPLES = Path(__file__).parent.parent.parent / "samples"


def files(**named: str) -> RawSnapshot:
    """A snapshot of the host's namespace with these files (`_` in a name stands for `-`)."""
    found = {f"netns/host/{name.replace('_', '-')}.txt": text for name, text in named.items()}
    return RawSnapshot("test", {path: RawFile(path, text.encode()) for path, text in found.items()})


LINKS = """1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN
5: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    link/ether 02:00:00:00:00:05 brd ff:ff:ff:ff:ff:ff
    bridge forward_delay 1500
6: veth6@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    link/ether 02:00:00:00:00:06 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    veth
"""


def test_only_brctl_and_only_bridge_give_the_same_ports() -> None:
    """A host with one of the two tools is as good as one with the other."""
    brctl = build(files(ip_link=LINKS, brctl_show="bridge name\tbridge id\tSTP enabled\tinterfaces\nbr0\t8000.020000000005\tno\tveth6\n"))
    bridge = build(files(ip_link=LINKS, bridge_link="6: veth6@if2: <BROADCAST,UP> mtu 1500 master br0 state forwarding priority 32 cost 2\n"))
    for built in (brctl, bridge):
        host = built.host.namespaces["host"]
        assert host.interfaces["veth6"].master == "br0"
        assert host.interfaces["br0"].kind == "bridge"


def test_the_samples_containers_are_joined() -> None:
    """Each veth of a sample's bridge leads into the container whose eth0 leads back."""
    built = build(open_snapshot(SAMPLES / "default-bridge" / "snapshot.tar.gz"))
    host = built.host.namespaces["host"]
    ports = [i for i in host.interfaces.values() if i.master == "docker0"]
    assert sorted(str(p.peer_netns) for p in ports) == ["app", "web"]
    for port in ports:
        back = built.host.namespaces[port.peer_netns or ""].interfaces[port.peer_name or ""]
        assert (back.peer_netns, back.peer_name) == ("host", port.name)


def test_containers_that_share_a_namespace_are_said_to() -> None:
    """`--network host` lives in the host's, `--network container:x` in x's namespace."""
    built = build(open_snapshot(SAMPLES / "modes" / "snapshot.tar.gz"))
    homes = {c.name: (c.netns, c.shares_with) for c in built.host.containers}
    assert homes == {"hosted": ("host", None), "sidecar": ("web", "web"), "web": ("web", None), "alone": ("alone", None)}
    assert built.host.namespaces["web"].containers == ("sidecar", "web")


def test_what_is_missing_is_said_with_what_it_hides() -> None:
    """A snapshot of rules alone tells what it can't answer."""
    built = build(files(iptables_save="*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"))
    missing = {finding.file: finding.why for finding in built.findings if finding.kind is Kind.MISSING}
    assert "hides" in missing["netns/host/ip-route"]
    assert "netns/host/iptables" not in missing


def test_broken_json_falls_back_to_text() -> None:
    """The text beside a damaged JSON file is read, and the damage told."""
    raw = RawSnapshot("t", {path: RawFile(path, data.encode()) for path, data in {
        "netns/host/ip-link.json": '[{"ifname": "br0"', "netns/host/ip-link.txt": LINKS}.items()})
    built = build(raw)
    assert list(built.host.namespaces["host"].interfaces) == ["lo", "br0", "veth6"]
    assert any(f.file == "netns/host/ip-link.json" and f.kind is Kind.SYNTAX for f in built.findings)


@pytest.mark.parametrize(("rules", "kind", "why"), [
    ("-A INPUT -j nowhere", Kind.DANGLING, "no chain nowhere"),
    ("-A INPUT -j A\n-A A -j B\n-A B -j A", Kind.LOOP, "circle"),
])
def test_a_ruleset_is_checked_when_it_is_loaded(rules: str, kind: Kind, why: str) -> None:
    """Dangling jumps and circles are findings with the rule's line."""
    text = f"*filter\n:INPUT ACCEPT [0:0]\n:A - [0:0]\n:B - [0:0]\n{rules}\nCOMMIT\n"
    found = [f for f in build(files(iptables_save=text)).findings if f.kind is kind]
    assert why in found[0].why
    assert found[0].line >= 5


def test_a_tarball_of_anything_else_builds_to_nothing(tmp_path: Path) -> None:
    """A tarball that is no snapshot has no namespace."""
    path = tmp_path / "t.tar"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("a/readme.md")
        info.size = 2
        archive.addfile(info, io.BytesIO(b"hi"))
    assert build(open_snapshot(path)).host.namespaces == {}


def test_namespaces_are_told_apart_by_name_where_indexes_are_the_same() -> None:
    """Two routers' first interfaces have the same indexes; `link-netns NAME` and `ip netns` say which is which."""
    def inner(name: str, other: str) -> str:
        return f"2: {name}@if2: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP\n    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff {other}\n    veth\n"
    texts = {"netns/fip-a/ip-link.txt": inner("fpr", "link-netns router-a"), "netns/fip-b/ip-link.txt": inner("fpr", "link-netns router-b"),
             "netns/router-a/ip-link.txt": inner("rfp", "link-netns fip-a"), "netns/router-b/ip-link.txt": inner("rfp", "link-netns fip-b"),
             "netns/host/ip-link.txt": "7: veth1@if9: <UP> mtu 1500\n    link/ether 02:00:00:00:00:07 brd ff:ff:ff:ff:ff:ff link-netnsid 4\n    veth\n",
             "netns/web/ip-link.txt": "9: eth0@if7: <UP> mtu 1500\n    link/ether 02:00:00:00:00:09 brd ff:ff:ff:ff:ff:ff link-netnsid 0\n    veth\n",
             "netns/db/ip-link.txt": "9: eth0@if7: <UP> mtu 1500\n    link/ether 02:00:00:00:00:0a brd ff:ff:ff:ff:ff:ff link-netnsid 0\n    veth\n",
             "netns/host/ip_netns": "db (id: 4)\nweb (id: 5)\n"}
    spaces = build(RawSnapshot("t", {path: RawFile(path, text.encode()) for path, text in texts.items()})).host.namespaces
    assert {name: spaces[name].interfaces["fpr"].peer_netns for name in ("fip-a", "fip-b")} == {"fip-a": "router-a", "fip-b": "router-b"}
    assert spaces["host"].interfaces["veth1"].peer_netns == "db"
    assert spaces["web"].interfaces["eth0"].peer_netns is None


def test_nothing_of_a_cut_off_archive_is_certain() -> None:
    """What the rest of it held may change every answer."""
    data = (Path(__file__).parents[2] / "samples" / "default-bridge" / "snapshot.tar.gz").read_bytes()
    with TemporaryDirectory() as folder:
        cut = Path(folder) / "cut.tar.gz"
        cut.write_bytes(data[:8000])
        host = build(open_snapshot(cut)).host
    assert any("cut off" in doubt for doubt in host.doubts)
