"""THE table of captured facts: what the collector runs, where it is saved, who reads it, and what is hidden where it is missing.

`sh collect.sh --list` prints the same files and commands; a test compares the two. A further container engine's files are named after
it (`once/podman-inspect.json`); `before-` and `after-` in front of a name say that it was read right before or after the capture.
"""

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
_ARP = "rules on ARP: who may answer for an address"
_EBTABLES = "rules on bridged frames"
_NEXTHOPS = "what a route's `nhid` stands for"
_EXPECTED = "connections that helpers (ftp, sip) expect: their first packets are RELATED"
_LISTENS = "who listens"
_TC = "shaping and tc programs that change, redirect or drop packets outside of netfilter"
_COUNTED = "what the kernel itself counted, beside the replay"

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
    Command("arptables-nft-save", "arptables-nft-save.txt", hides=_ARP),
    Command("ebtables-nft-save", "ebtables-nft-save.txt", hides=_EBTABLES),
    Command("arptables-legacy-save", "arptables-legacy-save.txt", hides=_ARP),
    Command("ebtables-legacy-save", "ebtables-legacy-save.txt", hides=_EBTABLES),
    Command("nft -a list ruleset", "nft-ruleset.txt", parser="nft_ruleset", hides="native nftables rules"),
    Command("nft -j list ruleset", "nft-ruleset.json"),
    Command("ipset save", "ipset-save.txt", parser="ipset_save", hides="what sets hold: matches on them are unknown"),
    Command("conntrack -L -f ipv4 -o extended", "conntrack-4.txt", parser="conntrack",
            hides="connections that were open before the capture"),
    Command("conntrack -L -f ipv6 -o extended", "conntrack-6.txt", parser="conntrack",
            hides="connections that were open before the capture"),
    Command("cat /proc/net/nf_conntrack", "proc-nf_conntrack.txt", parser="conntrack"),
    Command("conntrack -L expect", "conntrack-expect.txt", hides=_EXPECTED),
    Command("cat /proc/net/nf_conntrack_expect", "proc-nf_conntrack_expect.txt", hides=_EXPECTED),
    Command("ss -tulpn", "ss.txt", parser="ss", hides=_LISTENS),
    Command("cat /proc/net/tcp", "proc-net-tcp.txt", hides=_LISTENS),
    Command("cat /proc/net/tcp6", "proc-net-tcp6.txt", hides=_LISTENS),
    Command("cat /proc/net/udp", "proc-net-udp.txt", hides=_LISTENS),
    Command("cat /proc/net/udp6", "proc-net-udp6.txt", hides=_LISTENS),
    Command("every file below /proc/sys/net", "sysctl.txt", parser="sysctl",
            hides="forwarding, rp_filter, and whether bridged packets meet iptables"),
    Command("ip netns list-id", "netns-list-id.txt"),
    Command("ifconfig -a", "ifconfig.txt", hides=_ADDRESSES),
    Command("route -n", "route.txt", hides=_ROUTES),
    Command("arp -n", "arp.txt"),
    Command("ip -d -j nexthop", "ip-nexthop.json", hides=_NEXTHOPS),
    Command("ip -d nexthop", "ip-nexthop.txt", hides=_NEXTHOPS),
    Command("ip -j maddr", "ip-maddr.json", hides="multicast groups that are joined"),
    Command("ip maddr", "ip-maddr.txt"),
    Command("ip -j netconf", "ip-netconf.json", hides="forwarding and rp_filter, where sysctls were not read"),
    Command("ip netconf", "ip-netconf.txt"),
    Command("ip -j addrlabel", "ip-addrlabel.json", hides="the order of preference of IPv6 source addresses"),
    Command("ip addrlabel", "ip-addrlabel.txt"),
    Command("ip -4 mroute show table all", "ip-4-mroute.txt", hides="multicast routes"),
    Command("ip -6 mroute show table all", "ip-6-mroute.txt", hides="multicast routes"),
    Command("bridge -d -j mdb", "bridge-mdb.json", hides="to which bridge ports multicast is sent"),
    Command("bridge -d mdb", "bridge-mdb.txt"),
    Command("nft list hooks", "nft-hooks.txt", hides="in which order hooks of one priority run"),
    Command("ip xfrm policy", "ip-xfrm-policy.txt", hides="IPsec policies (keys are never read)"),
    Command("wg show", "wg-show.txt", hides="peers of WireGuard tunnels (private keys are never read)"),
    Command("cat /proc/net/ip_vs", "proc-ip_vs.txt", hides="IPVS services"),
    Command("ipvsadm -Sn", "ipvsadm-save.txt", hides="IPVS services"),
    Command("cat /proc/net/xt_recent/*", "proc-xt_recent.txt", hides="what `-m recent` lists hold"),
    Command("cat /proc/net/ipt_hashlimit/*", "proc-ipt_hashlimit.txt", hides="how full the buckets of `-m hashlimit` are"),
    Command("cat /proc/net/ip6t_hashlimit/*", "proc-ip6t_hashlimit.txt", hides="how full the buckets of `-m hashlimit` are"),
    Command("tc -s -d qdisc show", "tc-qdisc.txt", hides=_TC),
    Command("tc -s -d filter show dev DEV SIDE", "tc-filter.txt", hides=_TC),
    Command("ethtool -k DEV", "ethtool-k.txt", hides="offloads: why captured packets are larger than the MTU or have wrong checksums"),
    Command("bpftool -j net show", "bpftool-net.json", hides="XDP, tc and cgroup programs of eBPF"),
    Command("ip -s link", "ip-s-link.txt", hides=_COUNTED),
    Command("nstat -asz", "nstat.txt", hides=_COUNTED),
    Command("conntrack -S", "conntrack-stats.txt", hides=_COUNTED),
    Command("docker ps -a --no-trunc", "docker-ps.txt", False),
    Command("docker inspect", "docker-inspect.json", False, "docker_inspect", "containers: their names, addresses and ports"),
    Command("docker network inspect", "docker-network-inspect.json", False, "docker_network_inspect", "Docker's networks"),
    Command("docker info", "docker-info.txt", False),
    Command("crictl pods -o json", "crictl-pods.json", False, hides="pods of a Kubernetes node"),
    Command("crictl ps -a -o json", "crictl-ps.json", False, hides="containers of pods"),
    Command("crictl inspectp", "crictl-inspectp.json", False, hides="addresses of pods"),
    Command("uname -a", "uname.txt", False),
    Command("date -u +%s", "date.txt", False),
    Command("each tool's --version", "versions.txt", False),
    Command("cat /proc/modules", "modules.txt", False),
    Command("cat /etc/os-release", "os-release.txt", False),
    Command("cat /etc/iproute2/rt_tables", "rt_tables.txt", False),
)
