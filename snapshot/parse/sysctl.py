"""`sysctl -a` (or `sysctl net`): one `key = value` a line. Interfaces with a dot in their name are printed with a slash.

    net.ipv4.ip_forward = 1
    net.ipv4.conf.eth0/100.rp_filter = 2
"""

from snapshot.finding import Finding


def parse(text: str, file: str = "") -> tuple[dict[str, str], tuple[Finding, ...]]:
    """All settings. Lines without `=` (errors of the tool) are passed over."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        key = key.strip()
        if equals and key and " " not in key:
            if "/" in key and "." not in key:
                key = key.replace("/", ".")
            found[key] = value.strip()
    return found, ()
