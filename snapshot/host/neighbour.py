"""Neighbours: who has which MAC address, and behind which bridge port."""

from dataclasses import dataclass

from snapshot.host.link import IPAddress


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One line of `ip neigh`. `state` as printed: REACHABLE, STALE, DELAY, FAILED, INCOMPLETE, PERMANENT, NOARP."""

    address: IPAddress
    device: str
    mac: str | None
    state: str = ""


@dataclass(frozen=True, slots=True)
class FdbEntry:
    """One line of `bridge fdb`: frames to `mac` leave by `device`; `master` is the bridge that holds the entry.

    `self_` entries belong to the device's own filter, not to the bridge. `local` ones are the bridge's own ports' MACs
    (printed as `permanent`): frames to them go up to the host.
    """

    mac: str
    device: str
    master: str | None = None
    vlan: int | None = None
    local: bool = False
    self_: bool = False
    remote: IPAddress | None = None  # the other tunnel end (`dst`), of a vxlan device's own entry
