"""A rule from its parts, spelled as iptables-save spells it: what was read loses nothing.

    -A INPUT ! -s 10.0.0.0/8 -p tcp -m comment --comment "two words" -m tcp --dport 22 -j LOG --log-prefix "ssh: "

Strings are quoted as xtables_save_string quotes them: where a character is not a letter, a digit, `_` or `-`.
"""

import re

from snapshot.host.firewall import Clause, Option, Rule

# (extension, option) whose value is quoted where it must be, and those whose value always is
_STRINGS = {("comment", "--comment"), ("LOG", "--log-prefix"), ("NFLOG", "--nflog-prefix"), ("ULOG", "--ulog-prefix"), ("helper", "--helper")}
_QUOTED = {("string", "--string"), ("string", "--hex-string"), ("u32", "--u32"), ("bpf", "--bytecode"), ("LED", "--led-trigger-id"),
           ("connlabel", "--label")}
_PLAIN = re.compile(r"[\w-]+\Z", re.ASCII)


def spelled(rule: Rule) -> str:
    """The `-A` line without counters."""
    words = ["-A", rule.chain]
    for clause in rule.matches:
        words += [*(["-m", clause.name] if clause.name else []), *_options(clause)]
    if rule.target is not None:
        words += ["-g" if rule.goto else "-j", rule.target.name, *_options(rule.target)]
    return " ".join(words)


def _options(clause: Clause) -> list[str]:
    return [word for option in clause.options for word in _option(clause.name, option)]


def _option(extension: str, option: Option) -> list[str]:
    key = (extension, option.name)
    values = [_quoted(value) if key in _QUOTED or (key in _STRINGS and not _PLAIN.match(value)) else value for value in option.values]
    return [*(["!"] if option.negated else []), option.name, *values]


def _quoted(text: str) -> str:
    return '"' + re.sub(r"([\"\\'])", r"\\\1", text) + '"'
