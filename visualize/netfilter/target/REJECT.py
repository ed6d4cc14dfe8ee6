"""`-j REJECT`: drop, and answer (reject_tg in ipt_REJECT.c, reject_tg6 in ip6t_REJECT.c).

    -A INPUT -p tcp -j REJECT --reject-with tcp-reset

The packet is dropped even where no answer is sent: to a later fragment, to an RST, to an ICMP error, to what was not sent to
this host alone (nf_send_reset, icmp_send).
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import not_known, word
from visualize.netfilter.outcome import Begets, Outcome, RuleVerdict
from visualize.netfilter.watch import watch
from visualize.packet.packet import RST, Packet, Protocol

KINDS4 = {"icmp-net-unreachable": "net-unreach", "icmp-host-unreachable": "host-unreach",
          "icmp-proto-unreachable": "proto-unreach", "icmp-port-unreachable": "port-unreach",
          "icmp-net-prohibited": "net-prohib", "icmp-host-prohibited": "host-prohib", "tcp-reset": "tcp-rst",
          "icmp-admin-prohibited": "admin-prohib"}
KINDS6 = {"icmp6-no-route": "no-route", "icmp6-adm-prohibited": "adm-prohibited", "icmp6-addr-unreachable": "addr-unreach",
          "icmp6-port-unreachable": "port-unreach", "tcp-reset": "tcp-reset", "icmp6-policy-fail": "policy-fail",
          "icmp6-reject-route": "reject-route"}
DEFAULTS = {"ip": "icmp-port-unreachable", "ip6": "icmp6-port-unreachable"}


class Reject:
    """The bound target; `kind` is the long name of an answer."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def act(self, packet: Packet, here: Here) -> Outcome:
        """DROP; begets the answer unless the kernel would send none."""
        if self.kind == "tcp-reset" and packet.cut and packet.protocol == Protocol.TCP and packet.tcp_flags is None:
            return Outcome(RuleVerdict.DROP, doubt=unknown("REJECT: the capture lacks the TCP flags that the reset answers", settle="tcpdump -s 0"))
        silent = self._silence(watch(packet, here.read), here)
        if silent:
            return Outcome(RuleVerdict.DROP, note=f"no answer is sent: {silent}")
        return Outcome(RuleVerdict.DROP, begets=Begets(self.kind))

    def _silence(self, packet: Packet, here: Here) -> str:
        if packet.fragment_offset > 0:
            return "a later fragment"
        if packet.dst.is_multicast or here.packet_type in ("broadcast", "multicast"):
            return f"the packet is a {'multicast' if packet.dst.is_multicast else here.packet_type}"
        if self.kind != "tcp-reset":
            return "the packet is itself an ICMP error" if packet.is_icmp_error else ""
        if packet.protocol != Protocol.TCP:
            return "not TCP"
        return "the packet is a reset" if packet.tcp_flags and packet.tcp_flags & RST else ""


def _kind(text: str, family: str) -> str:
    kinds = KINDS4 if family == "ip" else KINDS6
    for name, short in kinds.items():
        if text and (name.startswith(text.lower()) or short.startswith(text.lower())):
            return name
    raise BindError(f"--reject-with {text} is not known")


def bind(clause: Clause, family: str) -> Reject:
    """Bind `-j REJECT`."""
    kind = DEFAULTS[family]
    for option in clause.options:
        if option.name != "--reject-with":
            raise not_known(option)
        kind = _kind(word(option), family)
    return Reject(kind)
