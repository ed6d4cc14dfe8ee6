"""Native nftables chains: a packet that meets one is not certain, whatever its hook, and one that meets none is."""

import tarfile
from pathlib import Path as FilePath

import pytest

from snapshot.build import build
from snapshot.raw import RawFile, RawSnapshot
from visualize.datapath.machine import Machine
from visualize.load import load
from visualize.packet.packet import Packet
from visualize.path import Certainty, Path
from visualize.trace import Question, ask

SAMPLE = FilePath(__file__).parents[3] / "samples/default-bridge/snapshot.tar.gz"

ADDRESSES = """1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP
    inet 10.1.0.1/24 brd 10.1.0.255 scope global eth0
3: eth1: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP
    inet 10.2.0.1/24 brd 10.2.0.255 scope global eth1
"""
ROUTES = """10.1.0.0/24 dev eth0 proto kernel scope link src 10.1.0.1
10.2.0.0/24 dev eth1 proto kernel scope link src 10.2.0.1
"""


def path(ruleset: str, save: str = "") -> Path:
    """A UDP packet from 10.1.0.2 to 10.2.0.2 through a host with this `nft list ruleset` and iptables-nft-save."""
    texts = {"ip-addr.txt": ADDRESSES, "ip-4-route.txt": ROUTES, "nft-ruleset.txt": ruleset, "iptables-nft-save.txt": save, "conntrack-4.txt": "",
             "ip-4-rule.txt": "0: from all lookup local\n32766: from all lookup main\n32767: from all lookup default\n",
             "sysctl.txt": "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\n"}
    files = {f"netns/host/{name}": RawFile(f"netns/host/{name}", text.encode()) for name, text in texts.items()}
    machine = Machine(build(RawSnapshot("test", files)).host)
    from ipaddress import ip_address
    packet = Packet(ip_address("10.1.0.2"), ip_address("10.2.0.2"), 17, 64, 0, length=100, sport=1, dport=2)
    return machine.receive(packet, "host", "eth0")[0]


def chain(head: str, rule: str = "counter accept", table: str = "inet fw") -> str:
    """A ruleset of one base chain."""
    return f"table {table} {{\n\tchain one {{\n\t\ttype filter {head} priority filter; policy accept;\n\t\t{rule}\n\t}}\n}}\n"


@pytest.mark.parametrize(("ruleset", "doubted"), [
    (chain("hook forward"), True),
    (chain("hook prerouting", table="ip x"), True),
    (chain("hook postrouting", table="ip6 x"), False),
    (chain("hook input"), False),
    (chain("hook ingress device \"eth0\"", table="netdev x"), True),
    (chain("hook ingress device \"eth1\"", table="netdev x"), False),
    (chain("hook egress device \"eth1\"", table="netdev x"), True),
    (chain("hook forward", rule=""), False),
    ("", False),
])
def test_a_native_chain_is_never_passed_in_silence(ruleset: str, doubted: bool) -> None:
    """Unknown where the packet meets it; certain where it does not."""
    assert path(ruleset).certainty is (Certainty.UNKNOWN if doubted else Certainty.CERTAIN)


def test_a_chain_that_iptables_nft_made_is_no_native_one() -> None:
    """Told by iptables-nft-save: replayed as such. Told by nothing: native, though its name is FORWARD."""
    ruleset = "table ip filter {\n\tchain FORWARD {\n\t\ttype filter hook forward priority filter; policy accept;\n\t\tcounter accept\n\t}\n}\n"
    save = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -j ACCEPT\nCOMMIT\n"
    assert path(ruleset, save).certainty is Certainty.CERTAIN
    assert path(ruleset).certainty is Certainty.UNKNOWN


def test_dnat_that_only_nft_json_tells_of_is_never_passed_in_silence(tmp_path: FilePath) -> None:
    """Docker's DNAT stands in `nft -j` as an `xt` expression without its options: without iptables-save, a published port is not certain."""
    with tarfile.open(SAMPLE) as archive:
        archive.extractall(tmp_path, filter="data")
    for saved in (tmp_path / "snapshot/netns/host").glob("*iptables*"):
        saved.unlink()
    question = Question("tcp", "203.0.113.50:40000", "203.0.113.10:8080", "eth0", None)
    assert ask(load(str(tmp_path)).built.host, question, {}).certainty is Certainty.UNKNOWN
