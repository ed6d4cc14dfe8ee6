"""`-j SET`: changes of a set, which `-m set` sees from then on."""

from snapshot.parse.ipset_save import parse as parse_sets
from snapshot.parse.iptables_rule import rule
from visualize.netfilter.answer import Truth
from visualize.netfilter.extension import bind_match, bind_target

from ..case import Case, World, here_of, packet_of

SETS = "create seen hash:ip,port family inet hashsize 1024 maxelem 65536\n"

CASES = """
-j SET --add-set seen src,dst --exist --timeout 60 ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; CONTINUE
-j SET --del-set lost src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; CONTINUE
-j SET --map-set seen src,dst --map-mark ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; CONTINUE UNKNOWN
-j SET --eat-set seen src ; tcp 10.0.0.1:1 > 10.0.0.2:80 ; BINDERROR
"""


def test_outcome(case: Case) -> None:
    """The target does to the packet what its line names, and nothing else."""
    case.check()


def test_a_later_match_sees_the_change() -> None:
    """What --add-set added is in the set for the same element only, until --del-set takes it out."""
    sets, _ = parse_sets(SETS)
    packet, _ = packet_of("tcp 10.0.0.1:1 > 10.0.0.2:80")
    other, _ = packet_of("tcp 10.0.0.1:1 > 10.0.0.2:81")
    here = here_of(packet, {}, World({one.name: one for one in sets}))
    matches = bind_match(rule("-A X -m set --match-set seen src,dst", ("t", 1), 1).matches[0], "ip")

    def act(text: str) -> None:
        target = rule(f"-A X -j SET {text}", ("t", 1), 1).target
        assert target is not None
        bind_target(target, "ip").act(packet, here)

    assert matches.test(packet, here).truth is Truth.NO
    act("--add-set seen src,dst")
    assert matches.test(packet, here).truth is Truth.YES
    assert matches.test(other, here).truth is Truth.NO
    act("--del-set seen src,dst")
    assert matches.test(packet, here).truth is Truth.NO
