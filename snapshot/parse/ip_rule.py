"""`ip -4|-6 [-j] rule`: the policy rules that choose routing tables.

    0:      from all lookup local
    100:    from 10.1.0.0/16 fwmark 0x1/0xff iif eth0 lookup 100
    32766:  from all lookup main
"""

from dataclasses import replace
from typing import Any

from snapshot.finding import Finding, Kind
from snapshot.host.routing import PolicyRule
from snapshot.parse.ip_link import is_json, load_json
from snapshot.parse.ip_route import prefix, table_number

_PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58, "icmpv6": 58, "sctp": 132, "gre": 47, "esp": 50, "ah": 51}
_JSON_KEYS = {"priority", "not", "src", "srclen", "dst", "dstlen", "fwmark", "fwmask", "iif", "iif_detached", "oif", "oif_detached", "tos",
              "dscp", "ipproto", "sport", "sport_start", "sport_end", "dport", "dport_start", "dport_end", "uid", "uid_start", "uid_end", "l3mdev",
              "table", "suppress_prefixlen", "suppress_ifgroup", "goto", "unresolved", "nop", "action", "protocol", "flow_to", "flow_from", "flags"}
_ACTIONS = ("blackhole", "unreachable", "prohibit", "nop")
_IGNORED = {"proto", "protocol"}
_DSCP = {"cs0": 0, "cs1": 8, "cs2": 16, "cs3": 24, "cs4": 32, "cs5": 40, "cs6": 48, "cs7": 56, "af11": 10, "af12": 12, "af13": 14, "af21": 18,
         "af22": 20, "af23": 22, "af31": 26, "af32": 28, "af33": 30, "af41": 34, "af42": 36, "af43": 38, "ef": 46, "le": 1, "voice-admit": 44}


def _range(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def _mark(text: str) -> tuple[int, int]:
    value, _, mask = text.partition("/")
    return int(value, 0), int(mask, 0) if mask else 0xFFFFFFFF


def _apply(rule: PolicyRule, key: str, value: str) -> PolicyRule:
    """One `key value` pair. Raises ValueError."""
    match key:
        case "from":
            return rule if value == "all" else replace(rule, source=prefix(value, rule.family))
        case "to":
            return rule if value == "all" else replace(rule, destination=prefix(value, rule.family))
        case "iif":
            return replace(rule, in_interface=value)
        case "oif":
            return replace(rule, out_interface=value)
        case "fwmark":
            mark, mask = _mark(value)
            return replace(rule, mark=mark, mark_mask=mask)
        case "tos" | "dsfield":
            return replace(rule, tos=int(value, 16))
        case "dscp":
            number_text, _, mask_text = value.lower().partition("/")
            number = _DSCP[number_text] if number_text in _DSCP else int(number_text, 0)
            return replace(rule, dscp=number, dscp_mask=int(mask_text, 0) if mask_text else 0x3F)
        case "ipproto":
            known = _PROTOCOLS.get(value)
            return replace(rule, protocol=known if known is not None else int(value))
        case "sport":
            return replace(rule, source_ports=_range(value))
        case "dport":
            return replace(rule, destination_ports=_range(value))
        case "uidrange":
            return replace(rule, uid_range=_range(value))
        case "lookup" | "table":
            return replace(rule, table=table_number(value))
        case "goto":
            return replace(rule, action="goto", goto_priority=int(value))
        case "suppress_prefixlength":
            return replace(rule, suppress_prefix_length=int(value))
        case "realms" | "realm":
            last = value.rpartition("/")[2]
            return replace(rule, realm=int(last, 0) if last[:1].isdigit() else None)
        case "suppress_ifgroup":
            return replace(rule, suppress_interface_group=value)
        case _ if key in _IGNORED:
            return rule
        case _:
            return replace(rule, unknown=(*rule.unknown, f"{key} {value}"))


def _understood(rule: PolicyRule, key: str, value: str) -> PolicyRule:
    """The pair applied, or kept as something that was not understood: a rule that is lost would be a wrong certainty."""
    try:
        return _apply(rule, key, value)
    except ValueError:
        return replace(rule, unknown=(*rule.unknown, f"{key} {value}"))


def _of_line(line: str, family: int) -> PolicyRule:
    head, _, rest = line.partition(":")
    rule = PolicyRule(int(head), family, text=" ".join(line.split()))
    words = rest.split()
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if word == "not":
            rule = replace(rule, negated=True)
        elif word in _ACTIONS:
            rule = replace(rule, action=word)
        elif word in ("l3mdev", "[l3mdev-table]"):
            rule = replace(rule, l3mdev=True)
        elif word.startswith("[") or word == "unresolved":
            continue  # remarks of the tool: [detached], [unresolved]
        elif position < len(words):
            if word in ("lookup", "table") and words[position] == "[l3mdev-table]":
                rule = replace(rule, l3mdev=True)
            else:
                rule = _understood(rule, word, words[position])
            position += 1
        else:
            rule = replace(rule, unknown=(*rule.unknown, word))
    return rule


def _of_json(item: dict[str, Any], family: int) -> PolicyRule:
    words: list[str] = ["not"] if "not" in item else []
    for key in ("src", "dst"):
        name = {"src": "from", "dst": "to"}[key]
        value = item.get(key)
        if value is not None:
            length = item.get(f"{key}len")
            words += [name, f"{value}/{length}" if length is not None and value != "all" else str(value)]
    if "fwmark" in item:
        words += ["fwmark", str(item["fwmark"]) + (f"/{item['fwmask']}" if "fwmask" in item else "")]
    for key in ("iif", "oif", "tos", "dscp", "ipproto"):
        if key in item:
            words += [key, str(item[key])]
    for key in ("sport", "dport", "uid"):
        name = "uidrange" if key == "uid" else key
        if f"{key}_start" in item:
            words += [name, f"{item[f'{key}_start']}-{item[f'{key}_end']}"]
        elif key in item:
            words += [name, str(item[key])]
    if "l3mdev" in item:
        words.append("l3mdev")
    for key, name in (("table", "lookup"), ("suppress_prefixlen", "suppress_prefixlength"), ("suppress_ifgroup", "suppress_ifgroup"),
                      ("goto", "goto"), ("flow_to", "realms")):
        if key in item:
            words += [name, str(item[key])]
    if "nop" in item:
        words.append("nop")
    words += [word for key in sorted(item.keys() - _JSON_KEYS) for word in (key, str(item[key]).replace(" ", ""))]
    if item.get("action") in _ACTIONS:
        words.append(item["action"])
    return _of_line(f"{item['priority']}: " + " ".join(words), family)


def parse(text: str, file: str = "", family: int = 4) -> tuple[tuple[PolicyRule, ...], tuple[Finding, ...]]:
    """All rules, in the order printed."""
    found: list[PolicyRule] = []
    findings: list[Finding] = []
    if is_json(text):
        items, problems = load_json(text, file)
        findings += problems
        for item in items:
            try:
                found.append(replace(_of_json(item, family), file=file))
            except (ValueError, KeyError, TypeError) as error:
                findings.append(Finding(Kind.SYNTAX, file, 0, str(item)[:120], f"a rule can't be read: {error}"))
        return tuple(found), tuple(findings)
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(replace(_of_line(line, family), file=file, line=number))
        except ValueError as error:
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], f"a rule can't be read: {error}"))
    return tuple(found), tuple(findings)
