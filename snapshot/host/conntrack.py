"""Connection tracking entries as `conntrack -L` or /proc/net/nf_conntrack prints them."""

from dataclasses import dataclass

from snapshot.host.link import IPAddress


@dataclass(frozen=True, slots=True)
class Tuple:
    """One direction of a connection. For ICMP the ports are None and the three icmp fields are set."""

    source: IPAddress
    destination: IPAddress
    source_port: int | None = None
    destination_port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    icmp_id: int | None = None


@dataclass(frozen=True, slots=True)
class ConntrackEntry:
    """One entry. `status` holds what stood in brackets: UNREPLIED, ASSURED, OFFLOAD, ...

    `protocol` is the IANA number. `state` is the TCP (SCTP, DCCP) state, None elsewhere.
    """

    family: int
    protocol: int
    original: Tuple
    reply: Tuple
    timeout: int | None = None
    state: str | None = None
    status: frozenset[str] = frozenset()
    mark: int = 0
    zone: int = 0  # of the original direction
    helper: str | None = None
    labels: str | None = None
    text: str = ""
    file: str = ""
    line: int = 0
    reply_zone: int = 0


@dataclass(frozen=True, slots=True)
class ExpectedEntry:
    """One connection that a helper waits for. A port None means any."""

    source: IPAddress
    destination: IPAddress
    protocol: int
    source_port: int | None = None
    destination_port: int | None = None
    helper: str | None = None
    timeout: int | None = None
    text: str = ""
    file: str = ""
    line: int = 0
