"""`-m bpf`: the packet as a classic BPF program sees it (bpf_mt_v1 in xt_bpf.c; the machine: BPF(4), bpf_convert_filter in filter.c).

    -A OUTPUT -m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0" -j ACCEPT

The program reads the packet from the IP header on; a read beyond its end is no match. A pinned (eBPF) program is not in a snapshot.
"""

from dataclasses import dataclass

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import current_bytes, not_captured
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, integer, not_known, unanswerable, word
from visualize.packet.packet import Packet

SIZES = {0x00: 4, 0x08: 2, 0x10: 1}
WORD = 0xFFFFFFFF
ANCILLARY, NETWORK, LINK = 0xFFFFF000, 0xFFF00000, 0xFFE00000  # SKF_AD_OFF, SKF_NET_OFF, SKF_LL_OFF as unsigned words
PACKET_TYPES = {"unicast": 0, "broadcast": 1, "multicast": 2, "otherhost": 3}


class _End(Exception):
    """A read beyond the packet's end: the program returns 0."""


class _Unanswerable(Exception):
    """The program asks for what neither packet nor snapshot tell; the message says what."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line of a program: opcode, jumps if true and false, operand."""

    code: int
    jump_true: int
    jump_false: int
    k: int


def parse(text: str) -> list[Instruction]:
    """`4,48 0 0 9,21 0 1 6,...`: the number of instructions, then each as `code jt jf k`."""
    count, *lines = [part.strip() for part in text.split(",") if part.strip()]
    program = []
    for line in lines:
        numbers = [integer(number) for number in line.split()]
        if len(numbers) != 4:
            raise BindError(f"{line!r} is not a BPF instruction")
        program.append(Instruction(*numbers))
    if integer(count) != len(program) or not program:
        raise BindError(f"--bytecode announces {count} instructions and holds {len(program)}")
    return program


class Machine:
    """One run of a program over one packet."""

    def __init__(self, packet: Packet, here: Here) -> None:
        self.packet, self.here, self.data = packet, here, current_bytes(packet)
        self.length = packet.length or len(self.data)
        self.a = self.x = 0
        self.memory = [0] * 16

    def run(self, program: list[Instruction]) -> int:
        """What the program returns. Raises _End or _Unanswerable."""
        at = 0
        while at < len(program):
            one = program[at]
            at += 1
            match one.code & 7:  # BPF_CLASS
                case 6:  # RET
                    return self.a if one.code & 0x18 == 0x10 else one.k
                case 5:  # JMP
                    at += self._jump(one)
                case 4:  # ALU
                    self.a = self._alu(one)
                case 0:  # LD
                    self.a = self._load(one)
                case 1:  # LDX
                    self.x = self._load_x(one)
                case 2:  # ST
                    self.memory[one.k & 15] = self.a
                case 3:  # STX
                    self.memory[one.k & 15] = self.x
                case _:  # MISC: TXA, TAX
                    self.a, self.x = (self.x, self.x) if one.code & 0x80 else (self.a, self.a)
        return 0

    def _bytes(self, at: int, size: int) -> int:
        if at >= ANCILLARY:
            return self._ancillary(at - ANCILLARY)
        if at >= NETWORK:
            at -= NETWORK
        elif at >= LINK:
            raise _Unanswerable("the link-layer header")
        if at + size > self.length:
            raise _End
        if at + size > len(self.data):
            raise _Unanswerable("bytes that the capture lacks")
        return int.from_bytes(self.data[at:at + size], "big")

    def _ancillary(self, number: int) -> int:
        match number:
            case 0:
                return 0x0800 if self.packet.family == 4 else 0x86DD
            case 4:
                return PACKET_TYPES[self.here.packet_type]
            case 20:
                return self.packet.mark
            case 44 | 48 | 60:
                return 0  # a VLAN device has taken the tag off
            case _:
                raise _Unanswerable(f"the kernel's ancillary word {number}")

    def _load(self, one: Instruction) -> int:
        match one.code & 0xE0:  # BPF_MODE: IMM, ABS, IND, MEM, LEN, MSH
            case 0x00:
                return one.k
            case 0x20:
                return self._bytes(one.k, SIZES[one.code & 0x18])
            case 0x40:
                return self._bytes(one.k + self.x & WORD, SIZES[one.code & 0x18])
            case 0x60:
                return self.memory[one.k & 15]
            case _:
                return self.length

    def _load_x(self, one: Instruction) -> int:
        match one.code & 0xE0:  # BPF_MODE: IMM, ABS, IND, MEM, LEN, MSH
            case 0x00:
                return one.k
            case 0x60:
                return self.memory[one.k & 15]
            case 0xA0:
                return (self._bytes(one.k, 1) & 15) * 4
            case _:
                return self.length

    def _jump(self, one: Instruction) -> int:
        operand = self.x if one.code & 8 else one.k
        match one.code & 0xF0:  # JA, JEQ, JGT, JGE, JSET
            case 0x00:
                return one.k
            case 0x10:
                held = self.a == operand
            case 0x20:
                held = self.a > operand
            case 0x30:
                held = self.a >= operand
            case _:
                held = bool(self.a & operand)
        return one.jump_true if held else one.jump_false

    def _alu(self, one: Instruction) -> int:
        operand = self.x if one.code & 8 else one.k
        match one.code & 0xF0:  # ADD, SUB, MUL, DIV or MOD, OR, AND, LSH, RSH, NEG, XOR
            case 0x00:
                value = self.a + operand
            case 0x10:
                value = self.a - operand
            case 0x20:
                value = self.a * operand
            case 0x30 | 0x90:
                if not operand:
                    raise _End
                value = self.a // operand if one.code & 0xF0 == 0x30 else self.a % operand
            case 0x40:
                value = self.a | operand
            case 0x50:
                value = self.a & operand
            case 0x60:
                value = self.a << (operand & 31)
            case 0x70:
                value = self.a >> (operand & 31)
            case 0x80:
                value = -self.a
            case _:
                value = self.a ^ operand
        return value & WORD


class Bpf:
    """The bound match: what the program returns is not 0."""

    def __init__(self, program: list[Instruction]) -> None:
        self.program = program

    def test(self, packet: Packet, here: Here) -> Answer:
        """UNKNOWN where the program asks for what was not captured."""
        if not packet.raw:
            return not_captured("the packet's bytes")
        try:
            returned = Machine(packet, here).run(self.program)
        except _End:
            returned = 0
        except _Unanswerable as error:
            return unknown(f"-m bpf: the program reads {error}")
        return decide(bool(returned), "the BPF program returns 0")


def bind(clause: Clause, family: str) -> Bpf | All:
    """Bind `-m bpf`."""
    for option in clause.options:
        if option.name == "--object-pinned":
            return unanswerable(clause, "--object-pinned", "a pinned eBPF program is not in a snapshot")
        if option.name != "--bytecode":
            raise not_known(option)
        return Bpf(parse(word(option)))
    raise BindError("--bytecode is missing")
