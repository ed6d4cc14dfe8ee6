"""THE table of captured facts: what the collector runs, where it is saved, who reads it, and what is hidden where it is missing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One captured fact. `file` is inside `netns/NAME/` where `per_netns`, else inside `once/`; `parser` a module of snapshot.parse."""

    command: str
    file: str
    per_netns: bool = True
    parser: str | None = None
    hides: str = ""


_ADDRESSES = "which addresses are its own: what is delivered here, and what MASQUERADE would choose"
_ROUTES = "by which interface packets leave; only what follows from the addresses is known"
_RULES = "policy routing; the default rules are assumed"
_TABLES = "iptables rules: packets are taken to meet none"
_FDB = "behind which port a MAC address is"

COMMANDS: tuple[Command, ...] = (
    Command("ip -d -j link", "ip-link.json", parser="ip_link", hides="interfaces, bridges and veth pairs"),
    Command("ip -d link", "ip-link.txt", parser="ip_link"),
    Command("ip -d -j addr", "ip-addr.json", parser="ip_addr", hides=_ADDRESSES),
    Command("ip -d addr", "ip-addr.txt", parser="ip_addr"),
    Command("ip -4 -d -j route show table all", "ip-4-route.json", parser="ip_route", hides=_ROUTES),
    Command("ip -4 -d route show table all", "ip-4-route.txt", parser="ip_route"),
    Command("ip -6 -d -j route show table all", "ip-6-route.json", parser="ip_route", hides=_ROUTES),
    Command("ip -6 -d route show table all", "ip-6-route.txt", parser="ip_route"),
    Command("ip -4 -j rule", "ip-4-rule.json", parser="ip_rule", hides=_RULES),
    Command("ip -4 rule", "ip-4-rule.txt", parser="ip_rule"),
    Command("ip -6 -j rule", "ip-6-rule.json", parser="ip_rule", hides=_RULES),
    Command("ip -6 rule", "ip-6-rule.txt", parser="ip_rule"),
    Command("ip -j neigh", "ip-neigh.json", parser="ip_neigh", hides="which neighbours answer"),
    Command("ip neigh", "ip-neigh.txt", parser="ip_neigh"),
    Command("bridge -d -j link", "bridge-link.json", parser="bridge_link", hides="hairpin mode and state of bridge ports"),
    Command("bridge -d link", "bridge-link.txt", parser="bridge_link"),
    Command("bridge -j fdb", "bridge-fdb.json", parser="bridge_fdb", hides=_FDB),
    Command("bridge fdb", "bridge-fdb.txt", parser="bridge_fdb"),
    Command("bridge -j vlan", "bridge-vlan.json", parser="bridge_vlan", hides="VLANs of bridge ports"),
    Command("bridge vlan", "bridge-vlan.txt", parser="bridge_vlan"),
    Command("brctl show", "brctl-show.txt", parser="brctl_show"),
    Command("iptables-legacy-save -c", "iptables-legacy-save.txt", parser="iptables_save", hides=_TABLES),
    Command("ip6tables-legacy-save -c", "ip6tables-legacy-save.txt", parser="iptables_save", hides=_TABLES),
    Command("iptables-nft-save -c", "iptables-nft-save.txt", parser="iptables_save", hides=_TABLES),
    Command("ip6tables-nft-save -c", "ip6tables-nft-save.txt", parser="iptables_save", hides=_TABLES),
    Command("iptables-save -c", "iptables-save.txt", parser="iptables_save", hides=_TABLES),
    Command("ip6tables-save -c", "ip6tables-save.txt", parser="iptables_save", hides=_TABLES),
    Command("nft -a list ruleset", "nft-ruleset.txt", parser="nft_ruleset", hides="native nftables rules"),
    Command("nft -j list ruleset", "nft-ruleset.json"),
    Command("ipset save", "ipset-save.txt", parser="ipset_save", hides="what sets hold: matches on them are unknown"),
    Command("conntrack -L -f ipv4 -o extended", "conntrack-4.txt", parser="conntrack",
            hides="connections that were open before the capture"),
    Command("conntrack -L -f ipv6 -o extended", "conntrack-6.txt", parser="conntrack",
            hides="connections that were open before the capture"),
    Command("cat /proc/net/nf_conntrack", "proc-nf_conntrack.txt", parser="conntrack"),
    Command("ss -tulpn", "ss.txt", parser="ss", hides="who listens"),
    Command("every file below /proc/sys/net", "sysctl.txt", parser="sysctl",
            hides="forwarding, rp_filter, and whether bridged packets meet iptables"),
    Command("ip netns list-id", "netns-list-id.txt"),
    Command("docker ps -a --no-trunc", "docker-ps.txt", False),
    Command("docker inspect", "docker-inspect.json", False, "docker_inspect", "containers: their names, addresses and ports"),
    Command("docker network inspect", "docker-network-inspect.json", False, "docker_network_inspect", "Docker's networks"),
    Command("docker info", "docker-info.txt", False),
    Command("uname -a", "uname.txt", False),
    Command("date -u +%s", "date.txt", False),
    Command("each tool's --version", "versions.txt", False),
    Command("cat /proc/modules", "modules.txt", False),
)
