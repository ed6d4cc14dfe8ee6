"""`ss -tulpn`: who listens.

    Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
    tcp   LISTEN 0      4096         0.0.0.0:8080      0.0.0.0:*    users:(("docker-proxy",pid=4242,fd=4))
    udp   UNCONN 0      0      127.0.0.53%lo:53        0.0.0.0:*
"""

import re
from ipaddress import ip_address

from snapshot.finding import Finding, Kind
from snapshot.host.socket import Listener

_USERS = re.compile(r'\(\("([^"]*)"')


def _listener(words: list[str], line: str) -> Listener:
    """Raises ValueError, IndexError."""
    local = words[4]
    host, _, port = local.rpartition(":")
    device = None
    if "%" in host:
        host, _, device = host.replace("]", "").partition("%")
    host = host.strip("[]")
    users = _USERS.search(line)
    if host == "*":
        address, family = None, None
    else:
        held = ip_address(host)
        address, family = (None if int(held) == 0 else held), held.version
        if int(held) == 0 and held.version == 6:
            family = None  # [::]:80 takes IPv4 too, unless bound v6only
    return Listener(words[0], int(port), address, family, device, users[1] if users else None, words[1])


def parse(text: str, file: str = "") -> tuple[tuple[Listener, ...], tuple[Finding, ...]]:
    """TCP sockets in LISTEN and bound UDP sockets."""
    found: list[Listener] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words and words[0] in ("LISTEN", "UNCONN"):  # `ss -tln`: with one kind of socket asked for, its name is not printed
            words = ["tcp" if words[0] == "LISTEN" else "udp", *words]
        if len(words) < 5 or words[0] not in ("tcp", "udp") or words[1] not in ("LISTEN", "UNCONN"):
            continue
        try:
            found.append(_listener(words, line))
        except (ValueError, IndexError):
            findings.append(Finding(Kind.SYNTAX, file, number, line.strip()[:120], "a socket that can't be read"))
    return tuple(found), tuple(findings)
