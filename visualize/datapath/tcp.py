"""The TCP state machine of conntrack, as far as it decides NEW, ESTABLISHED and INVALID (nf_conntrack_proto_tcp.c)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
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
    IGNORE = "ignore"  # the segment passes as one of its connection, and changes nothing
    RESENT = "resent"  # a SYN once more: it passes, and the entry's time goes on


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
    unacknowledged: bool = False


def _after(a: int, b: int) -> bool:
    """a > b modulo 2**32."""
    return (b - a) & 0xFFFFFFFF > 0x7FFFFFFF


def _option_places(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each TCP option begins and how long it says that it is, as tcp_options and tcp_sack step through them."""
    position = 0
    while position < len(data) and data[position] != 0:
        if data[position] == 1:
            position += 1
            continue
        length = data[position + 1] if position + 1 < len(data) else 0
        if length < 2:
            return
        yield position, length
        position += length


def _options(packet: Packet, side: Side) -> None:
    """tcp_options: window scale and SACK permitted, from a SYN."""
    data = packet.tcp_options
    side.scale, side.scales, side.sack = 0, False, False
    for at, length in _option_places(data):
        if data[at] == 3 and length == 3 and at + 2 < len(data):
            side.scale, side.scales = min(data[at + 2], 14), True
        elif data[at] == 4:
            side.sack = True


def _highest_sack(packet: Packet, ack: int) -> int:
    """tcp_sack: the highest end of a SACK block, where it is beyond the ACK."""
    data, highest = packet.tcp_options, ack
    for at, length in _option_places(data):
        if data[at] == 5:
            for start in range(at + 2, min(at + length, len(data) - 7), 8):
                end = int.from_bytes(data[start + 4:start + 8], "big")
                highest = end if _after(end, highest) else highest
    return highest


@dataclass(slots=True)
class State:
    """The state of one connection (struct ip_ct_tcp). The fields `last_*` tell of the last segment that counted."""

    number: int = 0
    close_init: bool = False  # IP_CT_TCP_FLAG_CLOSE_INIT of either side: somebody has begun to close
    last_row: str = ""
    last_reply: bool = False
    last_end: int | None = None  # of the last ACK, or of a segment that was let through
    last_ack: int = 0
    last_window: int = 0
    ignored: Side | None = None  # the options of a SYN that was let through without being believed
    challenge: bool = False  # IP_CT_EXP_CHALLENGE_ACK
    simultaneous: bool = False  # IP_CT_TCP_SIMULTANEOUS_OPEN
    sides: tuple[Side, Side] = field(default_factory=lambda: (Side(), Side()))
    why: str = ""
    captured_in: str = ""  # the state in which the captured table shows it: its windows are not known
    guess: str = ""  # what was taken for granted about the last segment

    @property
    def name(self) -> str:
        """`ESTABLISHED` and so on, as conntrack -L prints it."""
        return _NAMES[self.number]

    @classmethod
    def captured(cls, name: str) -> "State":
        """The state of a captured entry."""
        state = cls(_NAMES.index(name) if name in _NAMES else 3)
        state.close_init = state.number >= 4 and state.number != 9
        for side in state.sides:
            side.liberal = True  # no table shows the windows
        state.captured_in = name
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
    _in_window(state, packet, False, 0, False)
    state.last_row = row
    if new == _CODES["FW"]:
        state.close_init = True
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


def _in_window(state: State, packet: Packet, reply: bool, old: int, lenient: bool) -> tuple[Advance, str]:
    """tcp_in_window: ACCEPT, or IGNORE or INVALID with what is wrong with a segment's numbers; good ones are remembered."""
    sender, receiver = state.sides[reply], state.sides[not reply]
    flags = packet.tcp_flags or 0
    if packet.seq is None or packet.ack is None or packet.window is None:
        return Advance.ACCEPT, ""
    seq, end, ack, window = packet.seq, _end(packet), packet.ack, packet.window
    sack = _highest_sack(packet, ack) if receiver.sack else ack
    if sender.max_window == 0:
        if flags & SYN:
            _init_sender(sender, receiver, packet, end, reply)
            if not flags & ACK:
                return Advance.ACCEPT, ""
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
            return Advance.ACCEPT, ""
    if not flags & ACK or (flags & RST and ack == 0):
        ack = sack = receiver.end
    if flags & RST and seq == 0 and old == _CODES["SS"]:
        seq = end = sender.end
    verdict, wrong = _bounds(sender, receiver, seq, end, sack)
    if wrong:
        return (Advance.ACCEPT, "") if sender.liberal or lenient else (verdict, wrong)
    if not flags & SYN:
        window <<= sender.scale
    _remember(sender, receiver, end, ack if flags & ACK else None, sack, window)
    if row_of(packet) == "ack":
        state.last_end, state.last_ack, state.last_window = end, ack, packet.window
    return Advance.ACCEPT, ""


def _bounds(sender: Side, receiver: Side, seq: int, end: int, sack: int) -> tuple[Advance, str]:
    """The four conditions of "Real Stateful TCP Packet Filtering in IP Filter"."""
    lowest_ack = receiver.end - max(sender.max_window, _MAX_ACK_WINDOW) - 1 & _WORD
    lowest_end = sender.end - receiver.max_window - 1 & _WORD
    if not _after(sender.max_end + 1 & _WORD, seq):
        overshot = end - sender.max_end + 1 & _WORD
        if receiver.max_window and _after(end, lowest_end) and _after(sack, lowest_ack) and overshot <= receiver.max_window and (
                _after(receiver.end + 1 & _WORD, sack)):
            sender.end = end
            return Advance.IGNORE, "it has more bytes than the receiver's window"
        return Advance.INVALID, "its sequence number is beyond the window"
    if not _after(receiver.end + 1 & _WORD, sack):
        return Advance.INVALID, "it acknowledges what was never sent"
    if receiver.max_window and not _after(end, lowest_end):
        return Advance.IGNORE, "its sequence number is before the window"
    if not _after(sack, lowest_ack):
        return Advance.IGNORE, "its acknowledgement is too old"
    return Advance.ACCEPT, ""


def _remember(sender: Side, receiver: Side, end: int, ack: int | None, sack: int, window: int) -> None:
    acknowledged = ack if ack is not None else sack
    sender.max_window = max(sender.max_window, window + (sack - acknowledged & _WORD))
    if _after(end, sender.end):
        sender.end = end
        sender.unacknowledged = True
    if ack is not None and (sender.max_ack is None or _after(ack, sender.max_ack)):
        sender.max_ack = ack
    if receiver.max_window and _after(end, sender.max_end):
        receiver.max_window += end - sender.max_end & _WORD
    if _after(sack + window & _WORD, receiver.max_end - 1 & _WORD):
        receiver.max_end = sack + window + (window == 0) & _WORD
    if acknowledged == receiver.end:
        receiver.unacknowledged = False


def _let_through(state: State, packet: Packet, reply: bool, row: str, old: int) -> None:
    """TCP_CONNTRACK_IGNORE: the segment passes unbelieved, and what may matter later is noted."""
    state.last_row, state.last_reply, state.last_end, state.last_window = row, reply, _end(packet), packet.window or 0
    if row == "syn" and not reply:
        seen = Side()
        _options(packet, seen)
        state.ignored = seen
        state.challenge = state.challenge or old == _CODES["LA"]
    if old == _CODES["SS"] and row == "ack" and reply:
        state.last_ack = packet.ack or 0


def _synchronize(state: State, reply: bool) -> None:
    """A SYN/ACK that acknowledges a SYN which was let through: both ends agree, so the tracking takes over their numbers."""
    other = state.sides[state.last_reply]
    seen = state.ignored or Side()
    other.end = other.max_end = state.last_end or 0
    other.max_window = state.last_window or 1
    other.scale, other.scales, other.sack = seen.scale, seen.scales, seen.sack
    other.max_ack, other.liberal, other.unacknowledged = None, False, False
    state.challenge = False
    mine = state.sides[reply]
    mine.end = mine.max_end = mine.max_window = mine.scale = 0
    mine.max_ack, mine.sack, mine.scales, mine.unacknowledged = None, False, False, False


def _reset(state: State, packet: Packet, reply: bool, old: int, seen_reply: bool, assured: bool, ignores: bool) -> tuple[Advance | None, int]:
    """The checks of a RST (case TCP_CONNTRACK_CLOSE): INVALID, ACCEPT without a look at the window, or None; and the state that follows."""
    closed = _CODES["CL"]
    if state.name in ("FIN_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "CLOSE_WAIT"):
        return Advance.ACCEPT, closed
    peer, seq, ack = state.sides[not reply], packet.seq or 0, packet.ack or 0
    new = closed
    if peer.max_ack is not None and state.last_row != "syn":
        established = state.name == "ESTABLISHED"
        if seq == 0 and not established:
            return None, closed
        if _after(peer.max_ack, seq) and not ignores:
            return Advance.INVALID, old
        if not established or seq == peer.max_ack or (state.last_row == "ack" and state.last_reply == reply and seq == state.last_end):
            return None, closed
        new = old  # the state is kept, to allow a challenge ACK
    unbelieved = (seen_reply and state.last_row == "syn") or (not assured and state.last_row == "ack")
    if unbelieved and ack == state.last_end:
        return Advance.ACCEPT, new
    if old == _CODES["SS"] and state.last_row == "ack" and state.last_reply and seq == state.last_ack:
        return Advance.ACCEPT, new
    return None, new


@dataclass(frozen=True, slots=True)
class Rules:
    """What of the machine decides about segments: sysctls, and the kernel's age."""

    loose: bool = True  # nf_conntrack_tcp_loose
    liberal: bool = False  # nf_conntrack_tcp_be_liberal
    ignore_invalid_rst: bool = False  # nf_conntrack_tcp_ignore_invalid_rst
    passes_late: bool = True  # since Linux 6.1 a segment from before the window passes as ESTABLISHED; it was INVALID


def advance(state: State, packet: Packet, reply: bool, seen_reply: bool, assured: bool, rules: Rules) -> Advance:
    """Let a segment of a known connection change its state (nf_conntrack_tcp_packet)."""
    if not _flags_ok(packet):
        state.why = "a combination of TCP flags that no stack sends"
        return Advance.INVALID
    row, old = row_of(packet), state.number
    state.guess = _guess(state, packet, reply, row) if state.captured_in else ""
    new = (_REPLY if reply else _ORIGINAL)[row][old]
    if new == _CODES["SS"] and old >= _CODES["TW"]:
        if state.close_init or (state.last_reply == reply and state.last_row == "rst"):
            return Advance.REOPEN
        new = _IGNORE
    if new == _IGNORE:
        if not (row == "synack" and state.last_row == "syn" and state.last_reply != reply and packet.ack == state.last_end):
            _let_through(state, packet, reply, row, old)
            return Advance.IGNORE
        _synchronize(state, reply)
        old, new = _CODES["SS"], _CODES["SR"]
    if new == _INVALID:
        state.why = f"a {row.upper()} segment makes no sense in state {state.name}"
        return Advance.INVALID
    if new == _CODES["TW"] and old == _CODES["LA"] and row == "ack" and state.last_reply != reply and state.last_row == "syn" and state.challenge:
        state.challenge = False
        return Advance.IGNORE
    if new == _CODES["S2"]:
        state.simultaneous = True
    if new == _CODES["SR"] and reply and row == "ack" and state.simultaneous:
        new = _CODES["ES"]
    verdict: Advance | None = None
    if row == "rst" and new == _CODES["CL"]:
        verdict, new = _reset(state, packet, reply, old, seen_reply, assured, rules.ignore_invalid_rst)
    if verdict is None:
        verdict, state.why = _in_window(state, packet, reply, old, rules.liberal)
        if verdict is Advance.IGNORE and not rules.passes_late:
            verdict = Advance.INVALID
    elif verdict is Advance.INVALID:
        state.why = "a RST whose sequence number was acknowledged long ago"
    if verdict is not Advance.ACCEPT:
        return verdict
    return _believed(state, row, reply, old, new, seen_reply)


def _guess(state: State, packet: Packet, reply: bool, row: str) -> str:
    """What has to be taken for granted about a segment of a connection that was open before the capture, or ""."""
    sender, receiver = state.sides[reply], state.sides[not reply]
    if state.captured_in != "ESTABLISHED":
        return f"its connection was {state.captured_in} before the capture: its windows are not known, so that this segment may be INVALID"
    if sender.max_window == 0 or (row == "rst" and receiver.max_ack is None):
        return "the first segment from this side of a connection that was open before the capture: it may be out of its window, and so INVALID"
    if packet.seq is not None and packet.ack is not None and row in ("ack", "fin"):
        wrong = _bounds(replace(sender), receiver, packet.seq, _end(packet), packet.ack)[1]
        return f"{wrong}, as far as the window of a connection that was open before the capture is known" if wrong else ""
    return ""


def _believed(state: State, row: str, reply: bool, old: int, new: int, seen_reply: bool) -> Advance:
    """What a segment that is in the window leaves behind (label in_window)."""
    state.number, state.last_row, state.last_reply = new, row, reply
    if old != new and new == _CODES["FW"]:
        state.close_init = True
    if row == "rst" and not seen_reply:
        return Advance.KILL
    return Advance.RESENT if row == "syn" and old == _CODES["SS"] and not seen_reply else Advance.ACCEPT
