"""`-j DSCP`: sets the upper six bits of the TOS byte (dscp_tg, dscp_tg6 in xt_DSCP.c).

    -A POSTROUTING -p udp --dport 5060 -j DSCP --set-dscp 0x1a
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.extension import BindError
from visualize.netfilter.match.dscp import dscp_value
from visualize.netfilter.target.TOS import Tos


def bind(clause: Clause, family: str) -> Tos:
    """Bind `-j DSCP`."""
    values = [dscp_value(option, "--set-dscp", "--set-dscp-class") for option in clause.options]
    if not values:
        raise BindError("the value is missing")
    return Tos("DSCP", values[-1] << 2, 0xFC)
