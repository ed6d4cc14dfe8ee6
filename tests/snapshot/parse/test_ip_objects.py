"""`ip maddr`, `ip nexthop`, `ip addrlabel`: JSON and text say the same."""

from ipaddress import ip_address, ip_network

from snapshot.host.routing import AddressLabel, NextHop
from snapshot.parse import ip_addrlabel, ip_maddr, ip_nexthop

MADDR = """1:\tlo
\tinet  224.0.0.1
3:\teth0
\tlink  01:00:5e:00:00:01
\tinet  224.0.0.251 users 2
\tinet6 ff02::1:ff00:5
"""
MADDR_JSON = ('[{"ifindex":1,"ifname":"lo","maddr":[{"family":"inet","address":"224.0.0.1"}]},{"ifindex":3,"ifname":"eth0","maddr":['
              '{"link":"01:00:5e:00:00:01"},{"family":"inet","address":"224.0.0.251","users":2},{"family":"inet6","address":"ff02::1:ff00:5"}]}]')
NEXTHOP = "id 1 via 10.0.0.2 dev eth0 scope link onlink \nid 2 blackhole \nid 3 dev eth1 scope host \nid 10 group 1,3/3 \n"
NEXTHOP_JSON = ('[{"id":1,"gateway":"10.0.0.2","dev":"eth0","scope":"link","flags":["onlink"]},{"id":2,"blackhole":null,"flags":[]},'
                '{"id":3,"dev":"eth1","scope":"host","flags":[]},{"id":10,"group":[{"id":1,"weight":3},{"id":3}],"flags":[]}]')
LABELS = "prefix ::1/128 label 0 \nprefix fc00::/7 dev eth0 label 5 \nprefix fc00::/7 label 6 \n"
LABELS_JSON = ('[{"address":"::1","prefixlen":128,"label":0},{"address":"fc00::","prefixlen":7,"ifname":"eth0","label":5},'
               '{"address":"fc00::","prefixlen":7,"label":6}]')


def test_groups() -> None:
    """The IP groups of each interface."""
    for text in (MADDR, MADDR_JSON):
        records, problems = ip_maddr.parse(text)
        assert not problems
        assert {r.name: set(map(str, r.groups)) for r in records} == {"lo": {"224.0.0.1"}, "eth0": {"224.0.0.251", "ff02::1:ff00:5"}}


def test_next_hops() -> None:
    """Ways, a blackhole, and a group with its weights."""
    for text in (NEXTHOP, NEXTHOP_JSON):
        records, problems = ip_nexthop.parse(text)
        known = {record.id: record for record in records}
        assert not problems
        assert known[2].blackhole
        assert ip_nexthop.ways(known, 1) == (NextHop("eth0", ip_address("10.0.0.2"), 1, frozenset({"onlink"})),)
        assert [(hop.device, hop.weight) for hop in ip_nexthop.ways(known, 10)] == [("eth0", 3), ("eth1", 1)]


def test_labels() -> None:
    """The longest prefix first, and an interface's own before the general one."""
    wanted = (AddressLabel(ip_network("::1/128"), 0), AddressLabel(ip_network("fc00::/7"), 5, "eth0"), AddressLabel(ip_network("fc00::/7"), 6))
    for text in (LABELS, LABELS_JSON):
        assert ip_addrlabel.parse(text) == (wanted, ())
