"""`ip [-j] addrlabel`: the labels by which IPv6 source addresses are preferred (RFC 6724).

    prefix ::1/128 label 0
    prefix fc00::/7 dev eth0 label 5
"""

from ipaddress import IPv6Network

from snapshot.finding import Finding, Kind
from snapshot.host.routing import AddressLabel
from snapshot.parse.ip_link import is_json, load_json


def parse(text: str, file: str = "") -> tuple[tuple[AddressLabel, ...], tuple[Finding, ...]]:
    """All labels, the longest prefix first."""
    findings: list[Finding] = []
    rows: list[tuple[int, dict[str, str]]] = []
    if is_json(text):
        items, problems = load_json(text, file)
        findings += problems
        rows = [(0, {"prefix": f"{item.get('address')}/{item.get('prefixlen', 128)}", "label": str(item.get("label")),
                     **({"dev": str(item["ifname"])} if "ifname" in item else {})}) for item in items]
    else:
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split()
            if words[:1] == ["prefix"]:
                rows.append((number, dict(zip(words[::2], words[1::2], strict=False))))
    found: list[AddressLabel] = []
    for number, row in rows:
        try:
            found.append(AddressLabel(IPv6Network(row["prefix"]), int(row["label"], 0), row.get("dev")))
        except (ValueError, KeyError) as error:
            findings.append(Finding(Kind.SYNTAX, file, number, str(row)[:120], f"a label can't be read: {error}"))
    return tuple(sorted(found, key=lambda label: (-label.prefix.prefixlen, label.device is None))), tuple(findings)
