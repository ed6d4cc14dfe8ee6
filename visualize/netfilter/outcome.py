"""What a target does: a verdict for the walk, and requests that the datapath carries out (NAT, an answer, marks)."""

from dataclasses import dataclass
from enum import Enum

from snapshot.host.link import IPAddress
from snapshot.host.quick import quick
from visualize.netfilter.answer import Answer
from visualize.packet.packet import Packet


class RuleVerdict(Enum):
    """What a matched rule makes of the walk. A chain's verdict is only ACCEPT, DROP, QUEUE or STOLEN."""

    CONTINUE = "CONTINUE"
    ACCEPT = "ACCEPT"
    DROP = "DROP"
    RETURN = "RETURN"
    JUMP = "JUMP"
    GOTO = "GOTO"
    QUEUE = "QUEUE"
    STOLEN = "STOLEN"


@quick
@dataclass(frozen=True, slots=True)
class NatRequest:
    """What a NAT target asks of conntrack (struct nf_nat_range2).

    `kind` is DNAT, SNAT, MASQUERADE, REDIRECT or NETMAP; `source` tells which side is rewritten. An address range is (first,
    last); None leaves the address. For MASQUERADE and REDIRECT the datapath fills it in (outgoing interface, 127.0.0.1, ...).
    """

    kind: str
    source: bool
    addresses: tuple[IPAddress, IPAddress] | None = None
    ports: tuple[int, int] | None = None
    base_port: int | None = None  # --to-destination A:P1-P2/BASE (shifted ranges)
    random: bool = False
    random_fully: bool = False
    persistent: bool = False
    netmap_prefix: int | None = None  # NETMAP: keep the host bits behind this prefix length


@quick
@dataclass(frozen=True, slots=True)
class Begets:
    """A packet that the target makes: REJECT's answer, TEE's clone. `kind` is the --reject-with type or `clone`."""

    kind: str
    gateway: IPAddress | None = None
    clone: Packet | None = None


@quick
@dataclass(frozen=True, slots=True)
class ConnectionChange:
    """What a target writes into the connection or asks of tracking. None: untouched."""

    mark: int | None = None
    notrack: bool = False
    zone: tuple[int, int] | None = None  # of the original and the reply direction; 0 where one has none
    helper: str | None = None
    labels: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a target.

    `packet` is the changed packet (MARK, TOS, TTL, ...), None if unchanged. `doubt` is an UNKNOWN answer where the verdict or
    change is not certain (an unknown target, NFQUEUE).
    """

    verdict: RuleVerdict = RuleVerdict.CONTINUE
    chain: str | None = None
    packet: Packet | None = None
    kind: str = ""  # what changed the packet, for the Rewritten step: MARK, TOS, TTL, ...
    nat: NatRequest | None = None
    begets: Begets | None = None
    connection: ConnectionChange | None = None
    doubt: Answer | None = None
    otherwise: RuleVerdict | None = None  # the verdict where the doubt's answer is not its default
    note: str = ""


CONTINUE = Outcome()
ACCEPT = Outcome(RuleVerdict.ACCEPT)
DROP = Outcome(RuleVerdict.DROP)
RETURN = Outcome(RuleVerdict.RETURN)
