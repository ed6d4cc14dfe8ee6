"""What conntrack's helpers wait for, from both of its tellers."""

from snapshot.parse import conntrack_expect

TOOL = ("298 proto=6 src=10.2.0.2 dst=10.1.0.2 sport=0 dport=5001 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 "
        "master-src=10.1.0.2 master-dst=10.2.0.2 sport=4000 dport=21 class=0 helper=ftp\n"
        "conntrack v1.4.7 (conntrack-tools): 1 expectations have been shown.\n")
PROC = "298 l3proto = 2 proto=6 src=10.2.0.2 dst=10.1.0.2 sport=0 dport=5001 ftp\n"


def test_both_forms() -> None:
    """Any source port, one destination port, the helper, the seconds left."""
    for text in (TOOL, PROC):
        (entry,), problems = conntrack_expect.parse(text)
        assert not problems
        assert (str(entry.source), str(entry.destination), entry.source_port, entry.destination_port) == ("10.2.0.2", "10.1.0.2", None, 5001)
        assert (entry.helper, entry.timeout) == ("ftp", 298)
