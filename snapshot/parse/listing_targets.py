"""What each target prints of itself at the end of a row of `iptables -L`, and the options that it means."""

import re

from snapshot.host.firewall import Option
from snapshot.parse.listing_options import Make, Options, option, pairs, simple, spaced


def _nat(name: str) -> Make:
    return lambda m: (*option(name, m["to"]), *(Option(f"--{word}") for word in (m["rest"] or "").split()))


def _mark(match: re.Match[str]) -> Options:
    how, value = match["how"].lower(), match["value"]
    number = int(value.partition("/")[0], 0)
    match how:
        case "and":
            return option("--set-xmark", f"0x0/{number ^ 0xFFFFFFFF:#x}")
        case "or":
            return option("--set-xmark", f"{number:#x}/{number:#x}")
        case "xor":
            return option("--set-xmark", f"{number:#x}/0x0")
        case "set" if "/" in value:
            return option("--set-mark", value)
        case _:
            return option("--set-xmark", value if "/" in value else f"{value}/0xffffffff")


def _connmark(match: re.Match[str]) -> Options:
    if match["value"]:
        return (*_mark(match), *(Option(f"--{name}-shift-mark", (bits,)) for name, bits in re.findall(r"(left|right)-shift-mark (\d+)", match[0])))
    words = match["masks"] or ""
    held: dict[str, str] = dict(re.findall(r"(nfmask|ctmask|mask) (~?0x[0-9a-f]+)", words))
    whole = held.get("mask", "0xffffffff")
    nf, ct = (held.get(name, whole).lstrip("~") for name in ("nfmask", "ctmask"))
    return (Option(f"--{match['how'].lower()}-mark"), Option("--nfmask", (nf,)), Option("--ctmask", (ct,)))


def _log(match: re.Match[str]) -> Options:
    flags = int(match["flags"] or "0", 0)
    named = tuple(
        Option(f"--log-{name}")
        for bit, name in ((1, "tcp-sequence"), (2, "tcp-options"), (4, "ip-options"), (8, "uid"), (32, "macdecode"))
        if flags & bit
    )
    level = match["level"]
    return (
        *((Option("--log-prefix", (match["prefix"],)),) if match["prefix"] is not None else ()),
        *(option("--log-level", level) if level not in (None, "4", "warning", "warn") else ()),
        *named,
    )


# target: what it prints last on its row, and what that means
TARGETS: dict[str, tuple[tuple[re.Pattern[str], Make], ...]] = {
    name: tuple((re.compile(spaced(pattern, name) + r"\s*$", re.I), make) for pattern, make in forms)
    for name, forms in {
        "REJECT": ((r"reject-with (?P<value>\S+)", simple("--reject-with")),),
        "DNAT": ((r"(?:DNAT )?to:(?P<to>\S+)(?P<rest>(?: (?:random|persistent|random-fully))*)", _nat("--to-destination")),),
        "SNAT": ((r"(?:SNAT )?to:(?P<to>\S+)(?P<rest>(?: (?:random|persistent|random-fully))*)", _nat("--to-source")),),
        "MASQUERADE": ((r"(?:masq ports: (?P<to>\S+))?(?P<rest>(?: ?(?:random-fully|random))*)", _nat("--to-ports")),),
        "REDIRECT": ((r"(?:redir ports (?P<to>\S+))?(?P<rest>(?: ?(?:random-fully|random))*)", _nat("--to-ports")),),
        "NETMAP": ((r"(?:NETMAP )?to:(?P<value>\S+)|(?P<old>\d+\.\S+)", lambda m: option("--to", m["value"] or m["old"])),),
        "MARK": ((r"MARK (?P<how>set|xset|and|or|xor) (?P<value>\S+)", _mark),),
        "CONNMARK": (
            (r"CONNMARK (?P<how>set|xset|and|or|xor) (?P<value>\S+)(?: (?:left|right)-shift-mark \d+)?", _connmark),
            (r"CONNMARK (?P<how>save|restore)(?P<value>)(?P<masks>(?: (?:nfmask|ctmask|mask) ~?\S+)*)", _connmark),
        ),
        "LOG": ((r"LOG(?: flags (?P<flags>\d+))?(?: level (?P<level>\w+))?(?: prefix [\"`](?P<prefix>.*)[\"'])?", _log),),
        "NFLOG": (
            (
                r'(?:nflog-prefix (?:"(?P<prefix>.*?)"|(?P<bare>\S+)))?(?: ?nflog-group (?P<group>\d+))?'
                r'(?P<rest>(?: ?nflog-(?:size|range|threshold) \d+)*)',
                lambda m: (
                    *((Option("--nflog-prefix", (m["prefix"] or m["bare"],)),) if m["prefix"] or m["bare"] else ()),
                    *option("--nflog-group", m["group"]),
                    *pairs("--", m["rest"]),
                ),
            ),
        ),
        "NFQUEUE": (
            (
                r"NFQUEUE (?:num (?P<num>\d+)|balance (?P<balance>\S+))(?P<rest>(?: (?:bypass|cpu-fanout))*)",
                lambda m: (
                    *option("--queue-num", m["num"]),
                    *option("--queue-balance", m["balance"]),
                    *(Option(f"--queue-{word}") for word in m["rest"].split()),
                ),
            ),
        ),
        "TCPMSS": ((r"TCPMSS (?:set (?P<mss>\d+)|clamp to PMTU)", lambda m: option("--set-mss", m["mss"]) or (Option("--clamp-mss-to-pmtu"),)),),
        "TOS": ((r"TOS (?P<how>set|and|or|xor) (?P<value>\S+)", lambda m: option(f"--{m['how'].lower()}-tos", m["value"])),),
        "DSCP": ((r"DSCP set (?P<value>\S+)", simple("--set-dscp")),),
        "TTL": (
            (
                r"TTL (?P<how>set to|increment by|decrement by) (?P<value>\d+)",
                lambda m: option(f"--ttl-{m['how'].split()[0].lower()[:3]}", m["value"]),
            ),
        ),
        "HL": (
            (r"HL (?P<how>set to|increment by|decrement by) (?P<value>\d+)", lambda m: option(f"--hl-{m['how'].split()[0].lower()[:3]}", m["value"])),
        ),
        "CT": (
            (r"CT notrack|NOTRACK", lambda m: (Option("--notrack"),)),
            (r"CT(?P<rest>(?: (?:helper|timeout|ctevents|expevents|zone-orig|zone-reply|zone) \S+)+)", lambda m: pairs("--", m["rest"])),
        ),
        "NOTRACK": ((r"(?:NOTRACK)?", lambda m: ()),),
        "CLASSIFY": (
            (
                r"CLASSIFY set (?P<major>[0-9a-f]+):(?P<minor>[0-9a-f]+)",
                lambda m: option("--set-class", f"{int(m['major'], 16):04x}:{int(m['minor'], 16):04x}"),
            ),
        ),
        "TPROXY": (
            (
                r"TPROXY redirect (?P<ip>\S+):(?P<port>\d+) mark (?P<mark>\S+)",
                lambda m: (*option("--on-port", m["port"]), *option("--on-ip", m["ip"].strip("[]")), *option("--tproxy-mark", m["mark"])),
            ),
        ),
        "TEE": ((r"TEE gw:(?P<gw>\S+)(?: oif=(?P<oif>\S+))?", lambda m: (*option("--gateway", m["gw"]), *option("--oif", m["oif"]))),),
        "SET": (
            (
                r"(?P<how>add-set|del-set|map-set) (?P<set>\S+) (?P<dirs>\S+)(?P<exist> exist)?"
                r"(?: timeout (?P<timeout>\d+))?(?P<rest>(?: map-(?:mark|prio|queue))*)",
                lambda m: (
                    Option(f"--{m['how']}", (m["set"], m["dirs"])),
                    *((Option("--exist"),) if m["exist"] else ()),
                    *option("--timeout", m["timeout"]),
                    *(Option(f"--{w}") for w in m["rest"].split()),
                ),
            ),
        ),
        "CHECKSUM": ((r"CHECKSUM fill", lambda m: (Option("--checksum-fill"),)),),
        "ECN": (
            (r"ECN TCP remove", lambda m: (Option("--ecn-tcp-remove"),)),
            (
                r"ECN(?: ECE=(?P<ece>\d))?(?: CWR=(?P<cwr>\d))?(?: ECT codepoint=(?P<ect>\d))?",
                lambda m: (*option("--ecn-tcp-ece", m["ece"]), *option("--ecn-tcp-cwr", m["cwr"]), *option("--ecn-ip-ect", m["ect"])),
            ),
        ),
        "SYNPROXY": (
            (
                r"SYNPROXY(?P<a> sack-perm)?(?P<b> timestamp)?(?: wscale (?P<scale>\d+))?(?: mss (?P<mss>\d+))?(?P<c> ecn)?",
                lambda m: (
                    *((Option("--sack-perm"),) if m["a"] else ()),
                    *((Option("--timestamp"),) if m["b"] else ()),
                    *option("--wscale", m["scale"]),
                    *option("--mss", m["mss"]),
                    *((Option("--ecn"),) if m["c"] else ()),
                ),
            ),
        ),
        "TCPOPTSTRIP": ((r"TCPOPTSTRIP options (?P<value>\S+)", simple("--strip-options")),),
        "AUDIT": ((r"AUDIT (?P<value>\w+)", simple("--type")),),
        "CONNSECMARK": ((r"CONNSECMARK (?P<how>save|restore)", lambda m: (Option(f"--{m['how']}"),)),),
        "SECMARK": ((r"SECMARK selctx (?P<value>\S+)", simple("--selctx")),),
        "IDLETIMER": (
            (
                r"timeout:(?P<timeout>\d+) label:(?P<label>\S+)(?P<rest>.*)",
                lambda m: (*option("--timeout", m["timeout"]), *option("--label", m["label"])),
            ),
        ),
        "RATEEST": (
            (
                r"name (?P<name>\S+) interval (?P<interval>\S+) ewmalog (?P<log>\S+)",
                lambda m: (
                    *option("--rateest-name", m["name"]),
                    *option("--rateest-interval", m["interval"]),
                    *option("--rateest-ewmalog", m["log"]),
                ),
            ),
        ),
        "LED": ((r"led-trigger-id:\"(?P<value>[^\"]*)\".*", simple("--led-trigger-id")),),
        "HMARK": ((r"HMARK(?P<rest>(?: [a-z-]+ \d\S*)*)", lambda m: tuple(Option(f"--hmark-{o.name}", o.values) for o in pairs("", m["rest"]))),),
        "SNPT": ((r"SNPT src-pfx (?P<src>\S+) dst-pfx (?P<dst>\S+)", lambda m: (*option("--src-pfx", m["src"]), *option("--dst-pfx", m["dst"]))),),
        "DNPT": ((r"DNPT src-pfx (?P<src>\S+) dst-pfx (?P<dst>\S+)", lambda m: (*option("--src-pfx", m["src"]), *option("--dst-pfx", m["dst"]))),),
        "TRACE": ((r"", lambda m: ()),),
    }.items()
}
