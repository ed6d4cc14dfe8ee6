"""The order of things at each hook, with the kernel's priorities (enum nf_ip_hook_priorities). The drawing reads this table too."""

from dataclasses import dataclass
from enum import Enum

from visualize.netfilter.hook import Hook


class Stage(Enum):
    """What stands at a hook: conntrack's own functions, or an iptables table."""

    CONNTRACK = "conntrack"
    CONFIRM = "confirm"
    RAW = "raw"
    MANGLE = "mangle"
    NAT = "nat"
    FILTER = "filter"
    SECURITY = "security"
    NATIVE = "native"  # a native nftables base chain, at any priority


@dataclass(frozen=True, slots=True)
class Station:
    """One stage with its priority; lower runs first. (Defragmentation, -400, is done before a packet is replayed.)"""

    stage: Stage
    priority: int


HOOKS: dict[Hook, tuple[Station, ...]] = {
    Hook.PREROUTING: (Station(Stage.RAW, -300), Station(Stage.CONNTRACK, -200), Station(Stage.MANGLE, -150),
                      Station(Stage.NAT, -100)),
    Hook.INPUT: (Station(Stage.MANGLE, -150), Station(Stage.FILTER, 0), Station(Stage.SECURITY, 50),
                 Station(Stage.NAT, 100), Station(Stage.CONFIRM, 2**31 - 1)),
    Hook.FORWARD: (Station(Stage.MANGLE, -150), Station(Stage.FILTER, 0), Station(Stage.SECURITY, 50)),
    Hook.OUTPUT: (Station(Stage.RAW, -300), Station(Stage.CONNTRACK, -200), Station(Stage.MANGLE, -150),
                  Station(Stage.NAT, -100), Station(Stage.FILTER, 0), Station(Stage.SECURITY, 50)),
    Hook.POSTROUTING: (Station(Stage.MANGLE, -150), Station(Stage.NAT, 100), Station(Stage.CONFIRM, 2**31 - 1)),
}
