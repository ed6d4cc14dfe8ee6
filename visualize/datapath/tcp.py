"""The TCP state machine of conntrack, as far as it decides NEW, ESTABLISHED and INVALID (nf_conntrack_proto_tcp.c)."""

from dataclasses import dataclass, field
from enum import Enum

from visualize.packet.packet import ACK, FIN, RST, SYN, Packet

_NAMES = ("NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2")
_CODES = {"NO": 0, "SS": 1, "SR": 2, "ES": 3, "FW": 4, "CW": 5, "LA": 6, "TW": 7, "CL": 8, "S2": 9, "IV": 10, "IG": 11}
_INVALID, _IGNORE = 10, 11
_ROWS = ("syn", "synack", "fin", "ack", "rst", "none")


def _table(text: str) -> dict[str, tuple[int, ...]]:
    return {row: tuple(_CODES[cell] for cell in line.split()) for row, line in zip(_ROWS, text.strip().splitlines(),
                                                                                      strict=True)}


# tcp_conntracks: a column for each state, in the order of _NAMES
_ORIGINAL = _table("""
SS SS IG IG IG IG IG SS SS S2
IV IV SR IV IV IV IV IV IV SR
IV IV FW FW LA LA LA TW CL IV
ES IV ES ES CW CW TW TW CL IV
IV CL CL CL CL CL CL CL CL CL
IV IV IV IV IV IV IV IV IV IV
""")
_REPLY = _table("""
IV S2 IV IV IV IV IV SS IV S2
IV SR IG IG IG IG IG IG IG SR
IV IV FW FW LA LA LA TW CL IV
IV IG SR ES CW CW TW TW CL IG
IV CL CL CL CL CL CL CL CL CL
IV IV IV IV IV IV IV IV IV IV
""")

# seconds, and the name of the sysctl nf_conntrack_tcp_timeout_*
TIMEOUTS = {"NONE": (120, "syn_sent"), "SYN_SENT": (120, "syn_sent"), "SYN_RECV": (60, "syn_recv"),
            "ESTABLISHED": (432000, "established"), "FIN_WAIT": (120, "fin_wait"), "CLOSE_WAIT": (60, "close_wait"),
            "LAST_ACK": (30, "last_ack"), "TIME_WAIT": (120, "time_wait"), "CLOSE": (10, "close"),
            "SYN_SENT2": (120, "syn_sent")}


class Advance(Enum):
    """What a segment does to its connection."""

    ACCEPT = "accept"
    INVALID = "invalid"
    REOPEN = "reopen"  # a SYN on a closed connection: the entry is deleted and a new one made
    KILL = "kill"  # the only answer was a RST: the entry goes, the segment passes


@dataclass(slots=True)
class State:
    """The state of one connection. `closing` holds the directions (False original, True reply) that sent a FIN or RST (CLOSE_INIT)."""

    number: int = 0
    closing: set[bool] = field(default_factory=set)
    last_row: str = ""
    last_reply: bool = False
    why: str = ""

    @property
    def name(self) -> str:
        """`ESTABLISHED` and so on, as conntrack -L prints it."""
        return _NAMES[self.number]

    @classmethod
    def captured(cls, name: str) -> "State":
        """The state of a captured entry."""
        state = cls(_NAMES.index(name) if name in _NAMES else 3)
        if state.number >= 4 and state.number != 9:
            state.closing = {False, True}
        return state


def row_of(packet: Packet) -> str:
    """Which row of the table a segment's flags choose (get_conntrack_index)."""
    flags = packet.tcp_flags or 0
    if flags & RST:
        return "rst"
    if flags & SYN:
        return "synack" if flags & ACK else "syn"
    if flags & FIN:
        return "fin"
    return "ack" if flags & ACK else "none"


def _flags_ok(packet: Packet) -> bool:
    """The combinations of flags that the kernel accepts (tcp_valid_flags), PSH, ECE and CWR left out."""
    flags = (packet.tcp_flags or 0) & 0x37
    urg = 0x20
    return flags in (SYN, SYN | urg, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | urg, ACK, ACK | urg)


def opens(state: State, packet: Packet, loose: bool) -> bool:
    """Whether a segment can open a connection (tcp_new); sets the state that it opens in."""
    if not _flags_ok(packet):
        return False
    row = row_of(packet)
    new = _ORIGINAL[row][0]
    if new == _INVALID or (new == _CODES["ES"] and not loose):
        return False
    state.number, state.last_row = new, row
    return True


def advance(state: State, packet: Packet, reply: bool, seen_reply: bool, assured: bool, liberal: bool) -> Advance:
    """Let a segment of a known connection change its state (nf_conntrack_tcp_packet)."""
    if not _flags_ok(packet):
        state.why = "a combination of TCP flags that no stack sends"
        return Advance.INVALID
    row = row_of(packet)
    old = state.number
    new = (_REPLY if reply else _ORIGINAL)[row][old]
    if new == _CODES["SS"] and old >= _CODES["TW"]:
        if (not reply) in state.closing or (state.last_reply == reply and state.last_row == "rst"):
            return Advance.REOPEN
    if new == _IGNORE:
        state.last_row, state.last_reply = row, reply
        return Advance.ACCEPT
    if new == _INVALID:
        state.why = f"a {row.upper()} segment makes no sense in state {state.name}"
        return Advance.INVALID
    state.number, state.last_row, state.last_reply = new, row, reply
    if row in ("fin", "rst"):
        state.closing.add(reply)
    if row == "rst" and not seen_reply:
        return Advance.KILL
    return Advance.ACCEPT
