"""`-m recent`: lists of addresses."""

from snapshot.parse.iptables_rule import rule
from visualize.netfilter.match.recent import Recent, bind

from ..case import Case, World, answers, here_of, packet_of

CASES = r"""
-m recent --set --name SSH --mask 255.255.255.255 --rsource ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; YES
-m recent ! --set --name SSH --rsource ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; NO
-m recent --rcheck --name SSH --rsource ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED no what the list SSH held of 10.0.0.1
-m recent ! --rcheck --name SSH --rsource ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED yes
-m recent --update --seconds 60 --hitcount 4 --name SSH --rdest ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; ASSUMED no 10.0.0.2
-m recent --name SSH ; tcp 10.0.0.1:1000 > 10.0.0.2:80 ; BINDERROR
"""


def test_answer(case: Case) -> None:
    """The rule gives the packet the answer that its line names."""
    case.check()


def _bound(*options: str) -> Recent:
    return bind(rule(f"-A X -m recent {' '.join(options)}", ("t", 1), 1).matches[0], "ip")


def test_what_was_set_is_found() -> None:
    """--rcheck finds what --set put on the list of that name, --seconds and --hitcount held; --remove takes it off."""
    packet, _ = packet_of("tcp 10.0.0.1:1 > 10.0.0.2:2")
    here = here_of(packet, {"time": "2024-05-15T12:00:00", "fresh": ""}, World())

    def said(*options: str) -> str:
        return _bound(*options).test(packet, here).truth.name

    assert said("--rcheck", "--name", "A") == "NO"
    assert said("--set", "--name", "A") == "YES"
    assert said("--rcheck", "--name", "A") == "YES"
    assert said("--rcheck", "--name", "B") == "NO"
    assert said("--rcheck", "--name", "A", "--hitcount", "2") == "NO"
    assert said("--rcheck", "--name", "A", "--rdest") == "NO"
    here.time_ns = (here.time_ns or 0) + 61 * 10**9
    assert said("--rcheck", "--name", "A", "--seconds", "60") == "NO"
    assert said("--update", "--name", "A") == "YES"
    assert said("--rcheck", "--name", "A", "--seconds", "60") == "YES"
    assert said("--remove", "--name", "A") == "YES"
    assert said("--rcheck", "--name", "A") == "NO"


def test_stamps_from_before_the_capture_grow_too_old() -> None:
    """A list that is not known is a doubt only while its stamps could count, and never against what the capture has shown."""
    check = "-m recent --update --seconds 10 --hitcount 1 --name A"
    assert answers(check, [5, 11], fresh=False, start=0) == "nN"
    assert answers("-m recent --rcheck --name A", [5, 5000], fresh=False, start=0) == "nn"
