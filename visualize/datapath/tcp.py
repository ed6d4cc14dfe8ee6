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


_MAX_ACK_WINDOW = 66000


@dataclass(slots=True)
class Side:
    """What one direction has sent (struct ip_ct_tcp_state): the highest end, the end that its peer allows, its largest window."""

    end: int = 0
    max_end: int = 0
    max_window: int = 0
    scale: int = 0
    scales: bool = False
    sack: bool = False
    liberal: bool = False
    max_ack: int | None = None


def _after(a: int, b: int) -> bool:
    """a > b modulo 2**32."""
    return (b - a) & 0xFFFFFFFF > 0x7FFFFFFF


def _options(packet: Packet, side: Side) -> None:
    """tcp_options: window scale and SACK permitted, from a SYN."""
    data, position = packet.tcp_options, 0
    side.scale, side.scales, side.sack = 0, False, False
    while position < len(data):
        kind = data[position]
        if kind == 0:
            return
        if kind == 1:
            position += 1
            continue
        length = data[position + 1] if position + 1 < len(data) else 0
        if length < 2:
            return
        if kind == 3 and length == 3 and position + 2 < len(data):
            side.scale, side.scales = min(data[position + 2], 14), True
        elif kind == 4:
            side.sack = True
        position += length


def _highest_sack(packet: Packet, ack: int) -> int:
    """tcp_sack: the highest end of a SACK block, where it is beyond the ACK."""
    data, position, highest = packet.tcp_options, 0, ack
    while position < len(data):
        kind = data[position]
        if kind == 0:
            break
        if kind == 1:
            position += 1
            continue
        length = data[position + 1] if position + 1 < len(data) else 0
        if length < 2:
            break
        if kind == 5:
            for start in range(position + 2, min(position + length, len(data) - 7), 8):
                end = int.from_bytes(data[start + 4:start + 8], "big")
                highest = end if _after(end, highest) else highest
        position += length
    return highest


@dataclass(slots=True)
class State:
    """The state of one connection. `closing` holds the directions (False original, True reply) that sent a FIN or RST (CLOSE_INIT)."""

    number: int = 0
    closing: set[bool] = field(default_factory=set)
    last_row: str = ""
    last_reply: bool = False
    last_end: int = 0
    sides: tuple[Side, Side] = field(default_factory=lambda: (Side(), Side()))
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
        for side in state.sides:
            side.liberal = True  # no table shows the windows
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
    first = state.sides[0]
    first.end = _end(packet)
    first.max_window = packet.window or 1
    if row == "syn":
        first.max_end = first.end
        _options(packet, first)
    else:
        first.max_end = first.end + first.max_window & _WORD
        for side in state.sides:
            side.sack = side.liberal = True
    state.last_end = first.end
    _in_window(state, packet, False, 0)
    return True


_WORD = 0xFFFFFFFF


def _end(packet: Packet) -> int:
    """segment_seq_plus_len: the sequence number behind the segment; SYN and FIN count one each."""
    flags = packet.tcp_flags or 0
    return (packet.seq or 0) + (packet.transport_length or 0) + bool(flags & SYN) + bool(flags & FIN) & _WORD


def _init_sender(sender: Side, receiver: Side, packet: Packet, end: int, reply: bool) -> None:
    """tcp_init_sender: a SYN or SYN-ACK tells the first window and the scales; both sides must scale."""
    sender.end = sender.max_end = end
    sender.max_window = packet.window or 1
    _options(packet, sender)
    if reply and not (sender.scales and receiver.scales):
        sender.scale = receiver.scale = 0


def _in_window(state: State, packet: Packet, reply: bool, old: int) -> str:
    """tcp_in_window: what is wrong with a segment's numbers, or "" ; good ones are remembered."""
    sender, receiver = state.sides[reply], state.sides[not reply]
    flags = packet.tcp_flags or 0
    if packet.seq is None or packet.ack is None or packet.window is None:
        return ""
    seq, end, ack, window = packet.seq, _end(packet), packet.ack, packet.window
    sack = _highest_sack(packet, ack) if receiver.sack else ack
    if sender.max_window == 0:
        if flags & SYN:
            _init_sender(sender, receiver, packet, end, reply)
            if not flags & ACK:
                return ""
        else:
            sender.end = end
            sender.max_window = window << sender.scale or 1
            sender.max_end = end + sender.max_window & _WORD
            if receiver.max_window == 0:
                receiver.end = receiver.max_end = sack
            elif sack == receiver.end + 1 & _WORD:
                receiver.end = sack
    elif flags & SYN and _after(end, sender.end) and old in (_CODES["SS"], _CODES["SR"]):
        _init_sender(sender, receiver, packet, end, reply)
        if reply and not flags & ACK:
            return ""
    if not flags & ACK or (flags & RST and ack == 0):
        ack = sack = receiver.end
    if flags & RST and seq == 0 and old == _CODES["SS"]:
        seq = end = sender.end
    wrong = _bounds(sender, receiver, seq, end, sack)
    if wrong:
        return "" if sender.liberal else wrong
    if not flags & SYN:
        window <<= sender.scale
    _remember(sender, receiver, end, ack if flags & ACK else None, sack, window)
    return ""


def _bounds(sender: Side, receiver: Side, seq: int, end: int, sack: int) -> str:
    """The four conditions of "Real Stateful TCP Packet Filtering in IP Filter"."""
    lowest_ack = receiver.end - max(sender.max_window, _MAX_ACK_WINDOW) - 1 & _WORD
    lowest_end = sender.end - receiver.max_window - 1 & _WORD
    if not _after(sender.max_end + 1 & _WORD, seq):
        overshot = end - sender.max_end + 1 & _WORD
        if receiver.max_window and _after(end, lowest_end) and _after(sack, lowest_ack) and overshot <= receiver.max_window and (
                _after(receiver.end + 1 & _WORD, sack)):
            sender.end = end
        return "its sequence number is beyond the window"
    if not _after(receiver.end + 1 & _WORD, sack):
        return "it acknowledges what was never sent"
    if receiver.max_window and not _after(end, lowest_end):
        return "its sequence number is before the window"
    if not _after(sack, lowest_ack):
        return "its acknowledgement is too old"
    return ""


def _remember(sender: Side, receiver: Side, end: int, ack: int | None, sack: int, window: int) -> None:
    acknowledged = ack if ack is not None else sack
    sender.max_window = max(sender.max_window, window + (sack - acknowledged & _WORD))
    if _after(end, sender.end):
        sender.end = end
    if ack is not None and (sender.max_ack is None or _after(ack, sender.max_ack)):
        sender.max_ack = ack
    if receiver.max_window and _after(end, sender.max_end):
        receiver.max_window += end - sender.max_end & _WORD
    if _after(sack + window & _WORD, receiver.max_end - 1 & _WORD):
        receiver.max_end = sack + window + (window == 0) & _WORD


def _invalid_reset(state: State, packet: Packet, reply: bool) -> str | None:
    """The checks of a RST (case TCP_CONNTRACK_CLOSE): "" for one that is invalid, "keep" for one that must not close, else None."""
    peer = state.sides[not reply]
    if state.name in ("FIN_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "CLOSE_WAIT") or peer.max_ack is None or state.last_row == "syn":
        return None
    seq = packet.seq or 0
    if seq == 0 and state.name != "ESTABLISHED":
        return None
    if _after(peer.max_ack, seq):
        return ""
    if state.name != "ESTABLISHED" or seq == peer.max_ack:
        return None
    if state.last_row == "ack" and state.last_reply == reply and seq == state.last_end:
        return None
    return "keep"


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
    if row == "rst" and not liberal and packet.seq is not None:
        checked = _invalid_reset(state, packet, reply)
        if checked == "":
            state.why = "a RST whose sequence number was acknowledged long ago"
            return Advance.INVALID
        new = old if checked == "keep" else new
    wrong = _in_window(state, packet, reply, old)
    if wrong and not liberal:
        state.why = wrong
        return Advance.INVALID
    state.number, state.last_row, state.last_reply, state.last_end = new, row, reply, _end(packet)
    if row in ("fin", "rst"):
        state.closing.add(reply)
    if row == "rst" and not seen_reply:
        return Advance.KILL
    return Advance.ACCEPT
