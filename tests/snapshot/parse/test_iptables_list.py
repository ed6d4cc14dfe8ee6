"""`iptables -L`: each row means what `iptables -S` prints of the same rule, or says what it does not tell."""

import re
from pathlib import Path

import pytest

from snapshot.finding import Kind
from snapshot.host.firewall import Clause, Rule
from snapshot.parse import iptables_list, iptables_rule
from tests.kernel.listing import same

# one rule of each extension and option that the project knows, as iptables 1.8.9 saved it and listed it (-nvxL), legacy and nft
PAIRS = [line.split("\t") for line in (Path(__file__).parent / "listings.tsv").read_text().splitlines()]
# what a listing prints in other words, or not at all
KNOWN = {"-m devgroup --src-group default": "a number for the name", "-m eui64": "iptables-nft does not list it at all", "-j HMARK": "IPv6 prefixes are not printed"}
HEAD = "Chain FORWARD (policy DROP 12 packets, 720 bytes)\n pkts bytes target     prot opt in     out     source               destination\n"


def row(text: str, head: str = HEAD, family: str = "ip", table: str = "filter") -> Rule:
    """The one rule of a listing."""
    tables, _ = iptables_list.parse(head + text + "\n", "x", family, table)
    return tables[0].chains["FORWARD"].rules[0]


def why(rule: Rule) -> str:
    """What the listing does not tell of a rule."""
    return "; ".join(clause.options[0].values[0] for clause in rule.matches if clause.name == "listing")


@pytest.mark.parametrize(("family", "table", "saved", "listed"), PAIRS, ids=[f"{pair[0]} {pair[2]}"[:90] for pair in PAIRS])
def test_a_row_means_its_rule(family: str, table: str, saved: str, listed: str) -> None:
    """The clauses of the row are those of the rule: same names, options, values, negations and target."""
    rule = iptables_rule.rule(saved, ("", 0), 1, (0, 0))
    read = row(listed, family=family, table=table)
    if same(rule, read) or any(known in saved for known in KNOWN):
        return
    pytest.fail(f"{saved}\n{listed}\nread as {read.matches} {read.target}")


@pytest.mark.parametrize(("text", "target", "counters"), [
    ("  118 12074 DOCKER     all  --  *      docker0  0.0.0.0/0            0.0.0.0/0", "DOCKER", (118, 12074)),
    ("    3   180            tcp  --  *      *       0.0.0.0/0            0.0.0.0/0", "", (3, 180)),
    (" 118K   12M ACCEPT     all  --  *      *       0.0.0.0/0            0.0.0.0/0", "ACCEPT", (None, None))])
def test_columns_are_told_apart(text: str, target: str, counters: tuple[int | None, int | None]) -> None:
    """A rule without a target has an empty column; rounded counters are not numbers."""
    rule = row(text)
    assert (rule.jump, (rule.packets, rule.bytes)) == (target, counters)
    assert not why(rule)


def test_old_ip6tables_leaves_its_opt_column_empty() -> None:
    """Before 1.8.5 no `--` stood there for IPv6."""
    rule = row("    0     0 ACCEPT     tcp      eth0   *       2001:db8::/32        ::/0                 tcp dpt:80", family="ip6")
    assert (rule.jump, [option.name for option in rule.matches[0].options]) == ("ACCEPT", ["-s", "-i", "-p"])
    rule = row("    0     0            tcp      eth0   *       2001:db8::/32        ::/0", family="ip6")
    assert rule.jump == ""


def test_without_v_interfaces_are_not_known() -> None:
    """Every rule of such a listing can't be judged, and says why; the whole listing is a finding."""
    head = "Chain FORWARD (policy ACCEPT)\nnum  target     prot opt source               destination\n"
    tables, findings = iptables_list.parse(head + "1    DROP       tcp  --  anywhere             10.0.0.0/8           tcp dpt:ssh\n", "x", "ip", "filter")
    assert why(tables[0].chains["FORWARD"].rules[0]) == iptables_list.NO_INTERFACES
    assert any("without -v" in finding.why for finding in findings)


def test_a_name_for_an_address_is_a_doubt() -> None:
    """Without -n addresses are names; `localhost`, `loopback/8` and `anywhere` are the same everywhere."""
    assert "gateway.example.org" in why(row("    0     0 DROP       all  --  any    any     gateway.example.org  anywhere"))
    rule = row("    0     0 DROP       all  --  any    any     anywhere            !loopback/8")
    assert rule.matches[0].option("-d") == iptables_rule.rule("-A X ! -d 127.0.0.0/8", ("", 0), 1).matches[0].options[0]


@pytest.mark.parametrize("text", ["tcp dpt:80 sparkling", "/* a comment */ policy match dir in pol ipsec strict [0] reqid 1 proto esp", "quota: 1000 bytes"])
def test_what_is_not_understood_is_a_doubt(text: str) -> None:
    """Words that no extension prints, and options that are not shown, leave the rule undecided."""
    assert why(row(f"    0     0 ACCEPT     tcp  --  *      *       0.0.0.0/0            0.0.0.0/0            {text}"))


def test_a_comment_can_not_pose_as_a_match() -> None:
    """What stands within /* */ is a comment, whatever it says; what stands behind a second */ is not understood."""
    rule = row("    0     0 ACCEPT     all  --  *      *       0.0.0.0/0            0.0.0.0/0            /* tcp dpt:80 reject-with x */")
    assert rule.matches == (Clause("comment", rule.matches[0].options),)
    assert why(row("    0     0 ACCEPT     all  --  *      *       0.0.0.0/0            0.0.0.0/0            /* a */ tcp dpt:80 */"))


def test_a_negation_belongs_to_the_match_behind_it() -> None:
    """The `!` behind a physdev match is the next match's."""
    rule = row("    0     0 ACCEPT     all  --  *      *       0.0.0.0/0            0.0.0.0/0            PHYSDEV match ! --physdev-in veth2 ! match-set nets dst")
    assert [(clause.name, clause.options[0].negated) for clause in rule.matches] == [("physdev", True), ("set", True)]


def test_a_goto_is_one() -> None:
    """`[goto]` stands before the matches."""
    rule = row("    0     0 OTHER      tcp  --  *      *       0.0.0.0/0            0.0.0.0/0           [goto]  tcp dpt:80")
    assert (rule.goto, rule.jump, rule.matches[1].name) == (True, "OTHER", "tcp")


@pytest.mark.parametrize("text", ["    0     0 ACCEPT     tcp  --  *", "    x     y ACCEPT", "garbage"])
def test_a_row_that_is_cut_off_is_found(text: str) -> None:
    """Its line is a finding, and the rule stays in its place as one that can't be judged."""
    tables, findings = iptables_list.parse(HEAD + text + "\n", "x", "ip", "filter")
    assert why(tables[0].chains["FORWARD"].rules[0])
    assert [(finding.kind, finding.line) for finding in findings] == [(Kind.SYNTAX, 3)]


@pytest.mark.parametrize(("chains", "table"), [("INPUT FORWARD OUTPUT", "filter"), ("PREROUTING INPUT OUTPUT POSTROUTING DOCKER", "nat"),
                                               ("PREROUTING OUTPUT POSTROUTING", "nat"), ("PREROUTING OUTPUT", "raw"),
                                               ("PREROUTING INPUT FORWARD OUTPUT POSTROUTING", "mangle")])
def test_a_table_without_a_name_is_told_by_its_chains(chains: str, table: str) -> None:
    """And that it was told so is a finding."""
    text = "".join(f"Chain {name} (policy ACCEPT 0 packets, 0 bytes)\n\n" for name in chains.split())
    tables, findings = iptables_list.parse(text, "x")
    assert [one.name for one in tables] == [table]
    assert any(finding.kind is Kind.AMBIGUOUS and table in finding.why for finding in findings)


def test_two_listings_after_another_are_two_tables() -> None:
    """A chain that comes again begins the next table."""
    text = "Chain INPUT (policy ACCEPT)\nChain FORWARD (policy ACCEPT)\nChain OUTPUT (policy ACCEPT)\n"
    tables, _ = iptables_list.parse(text + "Chain PREROUTING (policy ACCEPT)\nChain INPUT (policy ACCEPT)\nChain POSTROUTING (policy ACCEPT)\n", "x")
    assert [sorted(table.chains) for table in tables] == [["FORWARD", "INPUT", "OUTPUT", "PREROUTING"], ["INPUT", "POSTROUTING"]]


ROWS = """Chain FORWARD (policy ACCEPT 0 packets, 0 bytes)
num   pkts bytes target     prot opt in     out     source               destination
1        3   180 DNAT       tcp  --  !docker0 *       0.0.0.0/0            10.96.0.1            /* a -d b */ tcp dpt:80 to:172.17.0.2:80
2        5M  10K A          6    --  *      *      !10.244.0.0/16         10.96.0.1            statistic mode random probability 0.33333333349
3        0     0            all  --  *      *       0.0.0.0/0            0.0.0.0/0
4        0     0 CT         all  --  *      *       0.0.0.0/0            0.0.0.0/0            NOTRACK
5        0     0 LOG        all  --  *      *       0.0.0.0/0            0.0.0.0/0            limit: avg 5/min burst 5 LOG flags 0 level 4
6        x     0 DROP       all  --  *      *       0.0.0.0/0            0.0.0.0/0
Chain A (1 references)
num   pkts bytes target     prot opt in     out     source               destination
1        0     0 ACCEPT     all  --  *      *       0.0.0.0/0            0.0.0.0/0            ctstate RELATED,ESTABLISHED
"""


def test_rows_that_one_look_trusts_read_as_the_others_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tables and findings where each row is read at once."""
    lazy, findings = iptables_list.parse(ROWS, "f", table="nat")
    assert len(lazy[0].rows.made) == 4  # type: ignore[union-attr]
    assert [len(tuple(chain.rules)) for chain in lazy[0].chains.values()] == [6, 1]  # all made
    monkeypatch.setattr(iptables_list, "_REGULAR", re.compile(r"(?!)"))
    assert iptables_list.parse(ROWS, "f", table="nat") == (lazy, findings)
    assert [rule.jump for rule in lazy[0].chains["FORWARD"].rules] == ["DNAT", "A", "", "NOTRACK", "LOG", ""]
