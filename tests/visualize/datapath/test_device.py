"""Devices: where a frame goes that a vlan, macvlan, ipvlan, bond, VRF or tunnel device takes or sends, and a bridge that filters by VLAN.

What was asked of a real kernel says so; the others follow its sources.
"""

from ipaddress import ip_address

import pytest

from snapshot.build import build
from snapshot.raw import RawFile, RawSnapshot
from visualize.datapath.machine import Machine
from visualize.packet.packet import Packet
from visualize.path import Crossed, Path, Received, RuleMatched, Sent, Tracked

UP = "<BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP"
SYSCTL = "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\nnet.bridge.bridge-nf-call-iptables = 1\n"
RULES = "0: from all lookup local\n32766: from all lookup main\n32767: from all lookup default\n"
WHOLE = {"sysctl": SYSCTL, "conntrack_4": "", "iptables_legacy_save": "# none\n", "ip_4_rule": RULES}
HOST = f"""1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN
    inet 127.0.0.1/8 scope host lo
2: eth0: {UP}
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 10.5.0.1/24 brd 10.5.0.255 scope global eth0
"""


def machine(**namespaces: dict[str, str]) -> Machine:
    """Namespaces of files: `ip_addr` (with link details), `ip_4_route`, ..."""
    files = {}
    for netns, texts in namespaces.items():
        for name, text in (WHOLE | texts).items():
            path = f"netns/{netns}/{name.replace('_', '-')}.txt"
            files[path] = RawFile(path, text.encode())
            if name == "ip_addr":
                files[f"netns/{netns}/ip-link.txt"] = RawFile(f"netns/{netns}/ip-link.txt", text.encode())
    return Machine(build(RawSnapshot("test", files)).host)


def udp(src: str, dst: str, mac: str | None = None) -> Packet:
    """A datagram in a frame to this MAC address."""
    return Packet(ip_address(src), ip_address(dst), 17, 64, 0, length=60, sport=1, dport=2, dst_mac=mac, src_mac="02:00:00:00:00:77")


def seen(path: Path) -> list[str]:
    """Where a capture of everything would see it: `eth0 in`, `c1/eth0 out`."""
    def name(netns: str, device: str) -> str:
        return device if netns == "host" else f"{netns}/{device}"

    found = []
    for step in path.steps:
        if isinstance(step, Received) and step.interface is not None:
            found.append(f"{name(step.netns, step.interface)} in")
        elif isinstance(step, Sent):
            found.append(f"{name(step.netns, step.interface)} out")
    return found


# -- macvlan and ipvlan -----------------------------------------------------------------------------------------------


def child(kind: str, mode: str, number: int) -> dict[str, str]:
    """A container with one device on the host's eth0."""
    return {"ip_addr": f"""1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN
    inet 127.0.0.1/8 scope host lo
3: eth0@if2: {UP}
    link/ether 02:00:00:00:00:{"01" if kind == "ipvlan" else f"1{number}"} brd ff:ff:ff:ff:ff:ff link-netnsid 0
    {kind} mode {mode}
    inet 10.5.0.1{number}/24 brd 10.5.0.255 scope global eth0
""", "ip_4_route": "default via 10.5.0.9 dev eth0\n10.5.0.0/24 dev eth0 proto kernel scope link src 10.5.0.1" + str(number) + "\n"}


def stacked(kind: str, mode: str) -> Machine:
    """The host and two such containers."""
    return machine(host={"ip_addr": HOST, "ip_neigh": "10.5.0.9 dev eth0 lladdr 02:00:00:00:00:99 REACHABLE\n"},
                   c1=child(kind, mode, 1), c2=child(kind, mode, 2))


@pytest.mark.parametrize(("kind", "mode"), [("macvlan", "bridge"), ("ipvlan", "l2"), ("ipvlan", "l3")])
def test_a_frame_for_a_container_passes_the_host_by(kind: str, mode: str) -> None:
    """From the wire to the container's device: no hook, no routing of the host's."""
    mac = "02:00:00:00:00:12" if kind == "macvlan" else "02:00:00:00:00:01"
    path, _ = stacked(kind, mode).receive(udp("10.5.0.9", "10.5.0.12", mac), "host", "eth0")
    assert (path.verdict.value, path.end.netns) == ("delivered", "c2")


@pytest.mark.parametrize(("kind", "mode", "where"), [("macvlan", "bridge", ["eth0", "eth0"]), ("ipvlan", "l2", ["eth0"])])
def test_containers_reach_each_other(kind: str, mode: str, where: list[str]) -> None:
    """Without the wire; by macvlan a capture on the parent sees the frame come in (asked of a real kernel)."""
    path, _ = stacked(kind, mode).send(udp("10.5.0.11", "10.5.0.12"), "c1")
    assert (path.verdict.value, path.end.netns, seen(path)) == ("delivered", "c2", ["c1/eth0 out"])
    assert [step.interface for step in path.steps if isinstance(step, Crossed)] == where


def test_a_frame_between_two_macvlans_is_followed_from_the_parent_on() -> None:
    """A capture there calls it another host's (packet type 3); its macvlan takes it all the same (asked of a real kernel)."""
    path, _ = stacked("macvlan", "bridge").receive(udp("10.5.0.11", "10.5.0.12", "02:00:00:00:00:12"), "host", "eth0", packet_type="otherhost")
    assert (path.verdict.value, path.end.netns) == ("delivered", "c2")


def test_a_private_macvlan_reaches_no_sibling() -> None:
    """The frame goes out to the wire (asked of a real kernel)."""
    path, _ = stacked("macvlan", "private").send(udp("10.5.0.11", "10.5.0.12"), "c1")
    assert (path.verdict.value, seen(path)) == ("forwarded", ["c1/eth0 out", "eth0 out"])


def test_a_macvlan_container_reaches_the_world_and_not_its_host() -> None:
    """Out by the parent, past its rules; the parent's own address answers never (asked of a real kernel)."""
    out, _ = stacked("macvlan", "bridge").send(udp("10.5.0.11", "198.51.100.1"), "c1")
    host, _ = stacked("macvlan", "bridge").send(udp("10.5.0.11", "10.5.0.1"), "c1")
    assert (out.verdict.value, out.end.netns, out.end.interface) == ("forwarded", "host", "eth0")
    assert host.verdict.value == "dropped"


# -- vlan devices, bonds ----------------------------------------------------------------------------------------------

VLANS = HOST + f"""3: eth0.5@eth0: {UP}
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    vlan protocol 802.1Q id 5 <REORDER_HDR>
    inet 10.6.0.1/24 brd 10.6.0.255 scope global eth0.5
"""


def test_a_tagged_frame_is_its_vlan_devices() -> None:
    """In by eth0, then by eth0.5; a tag that no device has is nobody's."""
    world = machine(host={"ip_addr": VLANS})
    path, _ = world.receive(udp("10.6.0.9", "10.6.0.1", "02:00:00:00:00:01"), "host", "eth0", vlan=5)
    other, _ = world.receive(udp("10.6.0.9", "10.6.0.1", "02:00:00:00:00:01"), "host", "eth0", vlan=6)
    assert (path.verdict.value, seen(path)) == ("delivered", ["eth0 in", "eth0.5 in"])
    assert other.verdict.value == "dropped"


def test_a_vlan_device_sends_by_its_parent() -> None:
    """Out by eth0.5, then by eth0."""
    path, _ = machine(host={"ip_addr": VLANS, "ip_4_route": "10.6.0.0/24 dev eth0.5 proto kernel scope link src 10.6.0.1\n"}).send(
        udp("10.6.0.1", "10.6.0.9"))
    assert (path.verdict.value, path.end.interface, seen(path)) == ("forwarded", "eth0", ["eth0.5 out", "eth0 out"])


BOND = f"""2: eth0: {UP.replace('state', 'master bond0 state')}
3: eth1: {UP.replace('state', 'master bond0 state')}
4: bond0: {UP}
    bond mode MODE miimon 100 active_slave eth1
    inet 10.5.0.1/24 brd 10.5.0.255 scope global bond0
"""


@pytest.mark.parametrize(("mode", "port", "certainty"), [("active-backup", "eth1", "certain"), ("802.3ad", "eth0", "unknown")])
def test_a_bond_sends_by_its_active_port(mode: str, port: str, certainty: str) -> None:
    """Certain where one port is the active one, a doubt where a hash decides."""
    path, _ = machine(host={"ip_addr": BOND.replace("MODE", mode), "ip_4_route": "10.5.0.0/24 dev bond0 proto kernel scope link src 10.5.0.1\n"}).send(
        udp("10.5.0.1", "10.5.0.9"))
    assert (path.end.interface, path.certainty.value) == (port, certainty)


def test_a_bond_takes_frames_by_its_active_port() -> None:
    """They go on as bond0's; the backup port takes nothing."""
    world = machine(host={"ip_addr": BOND.replace("MODE", "active-backup")})
    path, _ = world.receive(udp("10.5.0.9", "10.5.0.1"), "host", "eth1")
    assert (path.verdict.value, path.end.interface, seen(path)) == ("delivered", "bond0", ["eth1 in", "bond0 in"])
    assert world.receive(udp("10.5.0.9", "10.5.0.1"), "host", "eth0")[0].verdict.value == "dropped"


# -- VRF --------------------------------------------------------------------------------------------------------------

VRF = f"""2: eth0: {UP.replace('state', 'master red state')}
    inet 10.5.0.1/24 brd 10.5.0.255 scope global eth0
3: eth1: {UP.replace('state', 'master red state')}
    inet 10.6.0.1/24 brd 10.6.0.255 scope global eth1
4: red: <NOARP,MASTER,UP,LOWER_UP> mtu 65575 state UP
    vrf table 10
"""
VRF_ROUTES = """10.5.0.0/24 dev eth0 table 10 proto kernel scope link src 10.5.0.1
10.6.0.0/24 dev eth1 table 10 proto kernel scope link src 10.6.0.1
local 10.5.0.1 dev eth0 table 10 proto kernel scope host src 10.5.0.1
blackhole default
"""
VRF_RULES = "1000: from all lookup [l3mdev-table]\n32766: from all lookup main\n"
VRF_SAVE = """*mangle
:PREROUTING ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -m conntrack --ctstate NEW
-A PREROUTING -i red
-A FORWARD -i red -o eth1
-A OUTPUT -o red -m conntrack --ctstate UNTRACKED
-A OUTPUT -o eth1 -m conntrack --ctstate NEW
-A POSTROUTING -o red
-A POSTROUTING -o eth1
COMMIT
"""


def rules(path: Path) -> list[str]:
    """The rules matched, by chain and number."""
    return [f"{step.chain} {step.rule}" for step in path.steps if isinstance(step, RuleMatched)]


def test_a_vrf_routes_by_its_own_table_and_runs_hooks_twice() -> None:
    """PREROUTING with the port and with the VRF, FORWARD with the VRF in; connections are tracked once."""
    world = machine(host={"ip_addr": VRF, "ip_4_route": VRF_ROUTES, "ip_4_rule": VRF_RULES, "iptables_legacy_save": VRF_SAVE})
    path, _ = world.receive(udp("10.5.0.9", "10.6.0.9"), "host", "eth0")
    assert (path.verdict.value, path.end.interface) == ("forwarded", "eth1")
    assert rules(path) == ["PREROUTING 1", "PREROUTING 2", "FORWARD 1", "POSTROUTING 2"]
    assert sum(isinstance(step, Tracked) for step in path.steps) == 1


def test_a_packet_sent_in_a_vrf_passes_it_first_untracked() -> None:
    """l3mdev_ip_out: OUTPUT and POSTROUTING of the VRF, then those of its port."""
    world = machine(host={"ip_addr": VRF, "ip_4_route": VRF_ROUTES, "ip_4_rule": VRF_RULES, "iptables_legacy_save": VRF_SAVE})
    path, _ = world.send(udp("10.6.0.1", "10.6.0.9"), outgoing="red")
    assert rules(path) == ["OUTPUT 1", "POSTROUTING 1", "OUTPUT 2", "POSTROUTING 2"]


# -- tunnels, Open vSwitch --------------------------------------------------------------------------------------------


def test_a_vxlan_device_begets_an_outer_packet_to_the_end_that_has_the_mac() -> None:
    """By the device's own forwarding database."""
    link = HOST + f"""3: vx: {UP.replace('UP state', 'UP state')}
    link/ether 02:00:00:00:00:30 brd ff:ff:ff:ff:ff:ff
    vxlan id 7 dstport 8472 ttl 0
    inet 10.9.0.1/24 scope global vx
"""
    world = machine(host={"ip_addr": link, "ip_neigh": "10.9.0.2 dev vx lladdr 02:00:00:00:00:aa PERMANENT\n",
                          "bridge_fdb": "02:00:00:00:00:aa dev vx dst 10.5.0.7 self permanent\n00:00:00:00:00:00 dev vx dst 10.5.0.8 self permanent\n",
                          "ip_4_route": "10.5.0.0/24 dev eth0 proto kernel scope link src 10.5.0.1\n10.9.0.0/24 dev vx proto kernel scope link src 10.9.0.1\n"})
    path, _ = world.send(udp("10.9.0.1", "10.9.0.2"))
    outer = path.children[0]
    assert (path.end.interface, outer.start.describe(), outer.start.length) == ("vx", "udp 10.5.0.1:0 > 10.5.0.7:8472", 60 + 50)
    assert (outer.verdict.value, outer.end.interface) == ("forwarded", "eth0")


def test_a_port_of_open_vswitch_is_unknown() -> None:
    """Its flows are captured by nobody."""
    link = HOST.replace("2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state", "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 master ovs-system state")
    link += f"3: ovs-system: {UP}\n    openvswitch\n"
    assert machine(host={"ip_addr": link}).receive(udp("10.5.0.9", "10.5.0.1"), "host", "eth0")[0].certainty.value == "unknown"


# -- a bridge that filters by VLAN ------------------------------------------------------------------------------------

BRIDGE = f"""2: p1: {UP.replace('state', 'master br0 state')}
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    bridge_slave state forwarding hairpin off
3: p2: {UP.replace('state', 'master br0 state')}
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
    bridge_slave state forwarding hairpin off
4: br0: {UP}
    link/ether 02:00:00:00:00:04 brd ff:ff:ff:ff:ff:ff
    bridge vlan_filtering 1
5: br0.30@br0: {UP}
    link/ether 02:00:00:00:00:04 brd ff:ff:ff:ff:ff:ff
    vlan protocol 802.1Q id 30 <REORDER_HDR>
    inet 10.5.0.1/24 scope global br0.30
"""
VLAN = """port              vlan-id
p1                10 PVID Egress Untagged
                  30
p2                10
                  20 PVID Egress Untagged
br0               30
"""
FDB = """02:00:00:00:00:aa dev p2 vlan 10 master br0
02:00:00:00:00:aa dev p2 vlan 20 master br0
"""


@pytest.mark.parametrize(("port", "tag", "mac", "verdict", "where"), [
    ("p1", None, "02:00:00:00:00:aa", "forwarded", "p2"),  # PVID 10, which p2 is in
    ("p1", 20, "02:00:00:00:00:aa", "dropped", None),  # p1 is not in VLAN 20
    ("p1", 30, "02:00:00:00:00:aa", "dropped", None),  # nobody else is in VLAN 30
    ("p1", 30, "02:00:00:00:00:04", "delivered", "br0.30"),  # the bridge is, and its device takes the tag off
    ("p1", None, "02:00:00:00:00:04", "dropped", None),  # the bridge is not in VLAN 10
    ("p2", None, "02:00:00:00:00:bb", "dropped", None),  # PVID 20, and no other port is in it
])
def test_vlan_filtering(port: str, tag: int | None, mac: str, verdict: str, where: str | None) -> None:
    """A frame stays in its VLAN: by its tag, or by the PVID of the port."""
    world = machine(host={"ip_addr": BRIDGE, "bridge_vlan": VLAN, "bridge_fdb": FDB})
    path, _ = world.receive(udp("10.5.0.9", "10.5.0.1", mac), "host", port, vlan=tag)
    assert (path.verdict.value, path.end.interface) == (verdict, where)


def test_a_filtering_bridge_whose_vlans_were_not_captured_is_a_doubt() -> None:
    """Nothing tells what its ports take."""
    path, _ = machine(host={"ip_addr": BRIDGE, "bridge_fdb": FDB.replace(" vlan 10", "")}).receive(udp("10.5.0.9", "10.5.0.1", "02:00:00:00:00:aa"), "host", "p1")
    assert path.certainty.value == "unknown"
