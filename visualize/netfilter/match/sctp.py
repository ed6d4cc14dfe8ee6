"""`-m sctp`: ports and chunk types (sctp_mt in xt_sctp.c).

    -A INPUT -p sctp -m sctp --dport 38412 --chunk-types any INIT -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import dropping, hotdrop, needed_bytes
from visualize.netfilter.here import Here
from visualize.netfilter.match.tcp import port_check, whole_header
from visualize.netfilter.options import All, Check, not_known
from visualize.packet.packet import Packet, Protocol

CHUNKS = {"DATA": 0, "INIT": 1, "INIT_ACK": 2, "SACK": 3, "HEARTBEAT": 4, "HEARTBEAT_ACK": 5, "ABORT": 6, "SHUTDOWN": 7,
          "SHUTDOWN_ACK": 8, "ERROR": 9, "COOKIE_ECHO": 10, "COOKIE_ACK": 11, "ECN_ECNE": 12, "ECN_CWR": 13,
          "SHUTDOWN_COMPLETE": 14, "I_DATA": 64, "RE_CONFIG": 130, "PAD": 132, "ASCONF": 193, "ASCONF_ACK": 128,
          "FORWARD_TSN": 192, "I_FORWARD_TSN": 194}


FLAGS = {"DATA": "----IUBE", "I_DATA": "----IUBE", "ABORT": "-------T", "SHUTDOWN_COMPLETE": "-------T"}
HEADER = 12  # bytes before the first chunk
Wanted = dict[int, tuple[int, int]]  # chunk type -> (mask, value) of its flags


def _wanted(text: str) -> Wanted:
    """`INIT,DATA:Be`: a capital letter is a flag that is set, a small one a flag that is not (parse_sctp_chunk)."""
    if text.upper() in ("ALL", "NONE"):
        return dict.fromkeys(range(256), (0, 0)) if text.upper() == "ALL" else {}
    found = {}
    for part in text.split(","):
        name, _, letters = part.partition(":")
        if name.upper() not in CHUNKS:
            raise BindError(f"SCTP chunk type {name!r} is not known")
        bits = FLAGS.get(name.upper(), "")
        if any(letter.upper() not in bits.strip("-") for letter in letters):
            raise BindError(f"SCTP chunk {name} has no flags {letters!r}")
        mask = sum(128 >> bits.index(letter.upper()) for letter in letters)
        found[CHUNKS[name.upper()]] = mask, sum(128 >> bits.index(letter) for letter in letters if letter.isupper())
    return found


def _chunk_check(option: Option) -> Check:
    """match_packet in xt_sctp.c: a packet without a chunk, or with one that is cut or has no length, is dropped."""
    if len(option.values) != 2 or option.values[0] not in ("all", "any", "only"):
        raise BindError("--chunk-types needs all, any or only, and a list")
    scope, wanted = option.values[0], _wanted(option.values[1])

    def check(packet: Packet, here: Here) -> Answer:
        at, missing, seen = HEADER, set(wanted), []
        while at == HEADER or packet.header_length + at < packet.length:
            header = needed_bytes(packet, at, 4, option.negated)
            if isinstance(header, Answer):
                return dropping(header, option.negated)
            kind, size = header[0], int.from_bytes(header[2:4], "big")
            if not size:
                return dropping(hotdrop("an SCTP chunk without a length; the kernel drops the packet"), option.negated)
            seen.append(kind)
            at += (size + 3) // 4 * 4
            held = kind in wanted and header[1] & wanted[kind][0] == wanted[kind][1]
            if scope == "any" and held:
                return decide(True, f"there is an SCTP chunk of type {kind}", option.negated)
            if scope == "only" and not held:
                return decide(False, f"there is an SCTP chunk of type {kind}", option.negated)
            missing -= {kind} if held else set()
        return decide(scope == "only" or (scope == "all" and not missing), f"SCTP chunks are {seen}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m sctp`."""
    checks: list[Check] = [whole_header(Protocol.SCTP)]
    for option in clause.options:
        match option.name:
            case "--sport" | "--source-port":
                checks.append(port_check(option, True))
            case "--dport" | "--destination-port":
                checks.append(port_check(option, False))
            case "--chunk-types":
                checks.append(_chunk_check(option))
            case _:
                raise not_known(option)
    return All(checks)
