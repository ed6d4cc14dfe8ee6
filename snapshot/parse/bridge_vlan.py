"""`bridge [-j] vlan`: which VLANs a port takes.

    port              vlan-id
    veth4bb8afe       1 PVID Egress Untagged
                      20-22
"""

from dataclasses import dataclass

from snapshot.finding import Finding, Kind
from snapshot.parse.ip_link import is_json, load_json


@dataclass(frozen=True, slots=True)
class VlanRecord:
    """One port's VLANs: (vid, egress untagged), and the PVID."""

    name: str
    vlans: tuple[tuple[int, bool], ...]
    pvid: int | None


def _spread(text: str) -> range:
    low, _, high = text.partition("-")
    return range(int(low), min(int(high or low), 4095) + 1)


def parse(text: str, file: str = "") -> tuple[tuple[VlanRecord, ...], tuple[Finding, ...]]:
    """All ports that the command lists."""
    findings: list[Finding] = []
    ports: dict[str, tuple[list[tuple[int, bool]], list[int]]] = {}
    if is_json(text):
        items, findings = load_json(text, file)
        for item in items:
            vlans, pvid = ports.setdefault(str(item.get("ifname", "")), ([], []))
            for vlan in item.get("vlans") or ():
                if not isinstance(vlan, dict) or not str(vlan.get("vlan", "")).isdigit():
                    findings.append(Finding(Kind.SYNTAX, file, 0, str(vlan)[:120], "a VLAN can't be read"))
                    continue
                flags = vlan.get("flags") or []
                last = min(int(vlan.get("vlanEnd") or vlan["vlan"]), 4095)
                for vid in range(int(vlan["vlan"]), last + 1):
                    vlans.append((vid, "Egress Untagged" in flags))
                    if "PVID" in flags:
                        pvid.append(vid)
    else:
        name = ""
        for line in text.splitlines():
            words = line.split()
            if not words or words[:1] == ["port"]:
                continue
            if not line[0].isspace():
                name, words = words[0], words[1:]
            if not words or not words[0].replace("-", "").isdigit():
                continue
            vlans, pvid = ports.setdefault(name, ([], []))
            for vid in _spread(words[0]):
                vlans.append((vid, "Untagged" in words))
                if "PVID" in words:
                    pvid.append(vid)
    return tuple(VlanRecord(name, tuple(v), p[0] if p else None) for name, (v, p) in ports.items() if name), tuple(findings)
