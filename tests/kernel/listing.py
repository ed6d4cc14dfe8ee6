"""The same rules as this machine's iptables saves them and as it lists them: what the two readings differ in."""

from collections.abc import Iterator

from snapshot.host.firewall import Backend, Clause, Rule, Table
from snapshot.parse import iptables_list, iptables_save

from .netns import LabError, Namespace

FORMS = ("-nvxL", "-nvL --line-numbers", "-nL")
# what a listing prints in other words, or leaves out without changing what the rule says
_SAME = {"--datestop": "2038-01-19T03:14:07", "--hashlimit-name": None, "--limit-burst": "5"}


def differences(space: Namespace, backend: str, family: int, rules: str) -> Iterator[str]:
    """Load `rules`, save and list them in every form; a line for each rule that the two tell differently with no doubt."""
    tool = f"ip{'6' if family == 6 else ''}tables-{backend}"
    space.run(f"{tool}-restore", stdin=rules)
    saved, problems = iptables_save.parse(space.run(f"{tool}-save", "-c"), "saved", "ip6" if family == 6 else "ip", Backend(backend))
    if problems:
        raise LabError(f"{tool}-save can't be read: {problems[0]}")
    for table in saved:
        for form in FORMS:
            text = space.run(tool, "-t", table.name, *form.split())
            listed, found = iptables_list.parse(text, form, table.family, table.name)
            yield from (f"{form}: {one}" for one in found if one.kind.value == "syntax")
            yield from _compare(table, listed[0], form)


def _compare(saved: Table, listed: Table, form: str) -> Iterator[str]:
    if {name: chain.policy for name, chain in saved.chains.items()} != {name: chain.policy for name, chain in listed.chains.items()}:
        yield f"{form}: {saved.name}: chains or policies differ: {sorted(saved.chains)} {sorted(listed.chains)}"
        return
    for name, chain in saved.chains.items():
        other = listed.chains[name].rules
        if len(chain.rules) != len(other):
            yield f"{form}: {saved.name} {name}: {len(chain.rules)} rules saved, {len(other)} listed"
        for one, two in zip(chain.rules, other, strict=False):
            if not same(one, two, sure=form == "-nvxL"):
                yield f"{form}: {one.text}\n    listed as {two.text}\n    read as {two.matches} {two.target}"


def same(saved: Rule, listed: Rule, sure: bool = True) -> bool:
    """Whether both say the same, or the listing says that it does not tell. `sure`: counters were printed in full, and with -n."""
    if any(clause.name == "listing" for clause in listed.matches):
        kept = {_plain(clause) for clause in listed.matches if clause.name != "listing"}
        return sure is False or kept <= {_plain(clause) for clause in saved.matches}
    return (sorted(map(_plain, saved.matches)) == sorted(map(_plain, listed.matches)) and saved.goto == listed.goto
            and (_plain(saved.target) if saved.target else None) == (_plain(listed.target) if listed.target else None)
            and (not sure or (saved.packets, saved.bytes) == (listed.packets, listed.bytes)))


def _plain(clause: Clause) -> tuple[str, tuple[tuple[str, tuple[str, ...], bool], ...]]:
    kept = [(option.name, ("89",) if option.values == ("ospf",) else option.values, option.negated) for option in clause.options
            if not (option.name in _SAME and _SAME[option.name] in (None, *option.values))]
    return clause.name, tuple(sorted(kept))
