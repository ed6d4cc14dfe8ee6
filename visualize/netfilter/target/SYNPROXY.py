"""`-j SYNPROXY`: answers SYNs itself with cookies and opens the real connection later (synproxy_tg4 in ipt_SYNPROXY.c).

    -A INPUT -p tcp -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460

A SYN and a handshake's ACK are swallowed; other segments pass.
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import unknown
from visualize.netfilter.here import Here
from visualize.netfilter.options import not_known
from visualize.netfilter.outcome import CONTINUE, Outcome, RuleVerdict
from visualize.netfilter.watch import watch
from visualize.packet.packet import ACK, FIN, RST, SYN, Packet, Protocol

OPTIONS = ("--sack-perm", "--timestamp", "--wscale", "--mss", "--ecn")


class Synproxy:
    """The bound target."""

    def act(self, packet: Packet, here: Here) -> Outcome:
        """STOLEN for SYN and ACK, in doubt; CONTINUE for the rest."""
        packet = watch(packet, here.read)
        if packet.protocol != Protocol.TCP or packet.tcp_flags is None:
            return CONTINUE
        flags = packet.tcp_flags & (FIN | SYN | RST | ACK)
        if flags == SYN:
            return Outcome(RuleVerdict.STOLEN, doubt=unknown(
                "SYNPROXY: answers the SYN itself; its own connection to the server is not modelled", True),
                otherwise=RuleVerdict.CONTINUE)
        if flags == ACK:
            return Outcome(RuleVerdict.STOLEN, doubt=unknown("SYNPROXY: takes an ACK for the end of its handshake", True),
                           otherwise=RuleVerdict.CONTINUE)
        return CONTINUE


def bind(clause: Clause, family: str) -> Synproxy:
    """Bind `-j SYNPROXY`."""
    for option in clause.options:
        if option.name not in OPTIONS:
            raise not_known(option)
    return Synproxy()
