"""docs/fidelity.md says what the code and the vectors say."""

from . import fidelity


def test_the_page_is_up_to_date() -> None:
    """Else: python -m tests.kernel.fidelity."""
    assert fidelity.PAGE.read_text() == fidelity.page()


def test_a_rules_text_is_taken_apart() -> None:
    """Own options, matches and target, each with their options; quoted text holds none."""
    found = list(fidelity.clauses('-p tcp -m comment --comment "-m x --y" -m tcp ! --dport 80 -j MARK --set-xmark 0x1/0x1'))
    assert found == [("m", "", ["-p"]), ("m", "comment", ["--comment"]), ("m", "tcp", ["--dport"]), ("j", "MARK", ["--set-xmark"])]
