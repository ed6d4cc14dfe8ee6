"""Listening sockets, as `ss -tulpn` tells."""

from dataclasses import dataclass

from snapshot.host.link import IPAddress


@dataclass(frozen=True, slots=True)
class Listener:
    """A TCP socket in LISTEN or a bound UDP socket. `address` None is the wildcard; `device` from `addr%eth0`."""

    protocol: str  # tcp | udp
    port: int
    address: IPAddress | None = None
    family: int | None = None  # None: a wildcard of both (`*:80`)
    device: str | None = None
    process: str | None = None
    state: str = ""
