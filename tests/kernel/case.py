"""A case of the lab as data: a world, its rules, and the packets to send.  It is JSON, so that a failure can be kept and run again."""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Move:
    """One thing that a peer (or the host itself) sends.

    `send`: a new packet of this tuple. `follow`: the same tuple as move `of`, from the same place, with other flags. `reply`: the answer
    to move `of` in the form in which it left the host, from where it arrived; nothing where it never arrived. `error`: an ICMP error
    that quotes move `of`, from where it arrived. `at` is the host's interface that faces the sender, or `local`.
    """

    kind: str
    at: str = ""
    of: int = -1  # index of an earlier move
    proto: str = "tcp"
    src: str = ""
    dst: str = ""
    sport: int = 0
    dport: int = 0  # an echo's id for ICMP
    flags: str = "S"
    ttl: int = 64
    tos: int = 0
    type: int = -1  # of an ICMP message; -1: echo request, or echo reply for a reply
    code: int = 0
    size: int = 8  # bytes of payload
    data: str = ""  # the payload itself
    pieces: int = 0  # sent as fragments of so many bytes of payload; 0: whole
    wild: bool = False  # a sequence number out of every window
    broken: bool = False  # a wrong transport checksum
    seq: int = 0  # added to the sequence number that would be right
    ack: int = 0  # added to the acknowledgement that would be right
    window: int = 29200
    wait: float = 0.0  # seconds before it is sent
    mac: str = ""  # another destination address than the way to `dst` has


@dataclass(frozen=True)
class Case:
    """A world, rules and moves. `rules` is iptables-restore text by back-end; `setup` are more `ip` or `bridge` commands."""

    name: str
    world: str = "router"  # router | bridge | local | legs
    family: int = 4
    seed: int | None = None
    why: str = ""
    nf_call: bool = True  # net.bridge.bridge-nf-call-iptables
    setup: tuple[str, ...] = ()
    sysctl: dict[str, str | int] = field(default_factory=dict)
    ipset: str = ""
    rules: dict[str, str] = field(default_factory=dict)  # legacy | nft -> text
    native: str = ""  # a ruleset for nft -f
    moves: tuple[Move, ...] = ()
    snapshot_after: int = 0  # so many moves are sent before the collector runs; they are in no capture
    protocols: tuple[str, ...] = ()  # other protocols that the host listens to
    legs: tuple[dict[str, Any], ...] = ()  # of the world `legs`: what each `world.Leg` is made of

    def dump(self) -> str:
        """As JSON, without what is the default."""
        whole = asdict(self)
        plain = {one.name: one.default for one in fields(Move)}
        whole["moves"] = [{key: value for key, value in asdict(move).items() if value != plain[key]} for move in self.moves]
        return json.dumps(whole, indent=1) + "\n"

    @classmethod
    def load(cls, text: str) -> "Case":
        """Read back what `dump` wrote."""
        whole: dict[str, Any] = json.loads(text)
        whole["moves"] = tuple(Move(**move) for move in whole["moves"])
        whole["setup"] = tuple(whole["setup"])
        whole["protocols"] = tuple(whole.get("protocols", ()))
        whole["legs"] = tuple(whole.get("legs", ()))
        return cls(**whole)
