"""`brctl show`: one bridge over several lines."""

from snapshot.parse.brctl_show import BridgeRecord, parse

TEXT = """bridge name\tbridge id\t\tSTP enabled\tinterfaces
br-2c0e\t\t8000.0242a1b2c3d4\tno\t\tveth1
\t\t\t\t\t\t\tveth2
\t\t\t\t\t\t\tveth3
docker0\t\t8000.000000000000\tyes
"""


def test_ports_of_one_bridge_stand_on_several_lines() -> None:
    """Each further line adds a port to the bridge above it; a bridge may have none."""
    records, findings = parse(TEXT)
    assert not findings
    assert records == (BridgeRecord("br-2c0e", ("veth1", "veth2", "veth3"), False, "02:42:a1:b2:c3:d4"),
                       BridgeRecord("docker0", (), True, None))


def test_a_line_that_is_not_brctls_is_told() -> None:
    """With its number."""
    _, findings = parse("bridge name\tbridge id\nwhat is this\n", "brctl.txt")
    assert (findings[0].file, findings[0].line) == ("brctl.txt", 2)
