"""What each match prints of itself in `iptables -L`, and the options that it means (the extensions' own print functions, 1.4 to 1.8)."""

import re

from snapshot.host.firewall import Option
from snapshot.parse.listing_options import Make, Options, option, pairs, signed, simple, spaced

_TCP_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")


def _ports(match: re.Match[str]) -> Options:
    return (*signed("--sport", match["sport"]), *signed("--dport", match["dport"]))


def _flags(text: str) -> str:
    """`0x17/0x02` -> `FIN,SYN,RST,ACK SYN`; words (newer iptables without -n) stay."""
    mask, _, wanted = text.partition("/")
    return f"{_flag_words(mask)} {_flag_words(wanted)}"


def _flag_words(text: str) -> str:
    if not text.lower().startswith("0x"):
        return text
    number = int(text, 16)
    return ",".join(name for bit, name in enumerate(_TCP_FLAGS) if number >> bit & 1) or "NONE"


def _tcp(match: re.Match[str]) -> Options:
    flags = match["flags"]
    return (
        *_ports(match),
        *signed("--tcp-option", match["option"]),
        *(option("--tcp-flags", _flags(flags.lstrip("!")), flags.startswith("!")) if flags else ()),
    )


def _sctp(match: re.Match[str]) -> Options:
    chunks = match["chunks"]
    return (*_ports(match), *(option("--chunk-types", _chunks(chunks.lstrip("! ")), chunks.startswith("!")) if chunks else ()))


_CHUNKS = (
    "DATA",
    "INIT",
    "INIT_ACK",
    "SACK",
    "HEARTBEAT",
    "HEARTBEAT_ACK",
    "ABORT",
    "SHUTDOWN",
    "SHUTDOWN_ACK",
    "ERROR",
    "COOKIE_ECHO",
    "COOKIE_ACK",
    "ECN_ECNE",
    "ECN_CWR",
    "SHUTDOWN_COMPLETE",
)
_DCCP = ("REQUEST", "RESPONSE", "DATA", "ACK", "DATAACK", "CLOSEREQ", "CLOSE", "RESET", "SYNC", "SYNCACK", "INVALID")


def _chunks(text: str) -> str:
    """`any 0x0000,0x0001:B` -> `any DATA,INIT:B`."""
    how, _, types = text.partition(" ")
    named = re.sub(r"0x[0-9a-fA-F]{4}", lambda m: _CHUNKS[int(m[0], 16)] if int(m[0], 16) < len(_CHUNKS) else str(int(m[0], 16)), types)
    return f"{how} {named}"


def _dccp(match: re.Match[str]) -> Options:
    types = match["types"]
    if types is None:
        return (*_ports(match), *signed("--dccp-option", match["option"]))
    numbers = [word if not word.isdigit() else _DCCP[min(int(word), 10)] for word in types.lstrip("! ").split(",")]
    return (
        *_ports(match),
        *option("--dccp-types", ",".join(dict.fromkeys(numbers)), types.startswith("!")),
        *signed("--dccp-option", match["option"]),
    )


def _icmp(name: str, number_only: str) -> Make:
    def make(match: re.Match[str]) -> Options:
        value = match["type"] or match["word"]
        if match["code"] and match["code"] != "0-255":
            value += f"/{match['code']}"
        if number_only and value == "255" and not match["code"]:
            value = number_only
        return option(name, value, bool(match["no"]))

    return make


def _addrtype(match: re.Match[str]) -> Options:
    return (
        *signed("--src-type", match["src"]),
        *signed("--dst-type", match["dst"]),
        *(option("--limit-iface-in", "") if match["into"] else ()),
        *(option("--limit-iface-out", "") if match["out"] else ()),
    )


def _words(prefix: str, flags: str = "") -> Make:
    """`[! ]name value [! ]name value ...` -> `[!] --PREFIXname value ...`; `flags` are names without a value."""
    alone = set(flags.split())

    def make(match: re.Match[str]) -> Options:
        found: list[Option] = []
        negated, name = False, ""
        for word in match[0].split():
            if word == "!":
                negated = True
            elif name:
                found.append(Option(f"--{prefix}{name}", (word.lstrip("!"),), negated or word.startswith("!")))
                name, negated = "", False
            elif word in alone:
                found.append(Option(f"--{prefix}{word}", (), negated))
                negated = False
            else:
                name = word
        return tuple(found)

    return make


def _hl(match: re.Match[str]) -> Options:
    name = match["name"].lower()
    how = {"==": "eq", "!=": "eq", "<": "lt", ">": "gt"}[match["how"]]
    return option(f"--{name}-{how}", match["value"], match["how"] == "!=")


def _header6(prefix: str) -> Make:
    """`rt type:0 segslefts:1:3 length:8 reserved`, `hbh length:8 opts 5:2`, `frag ids:1:6 first more`: options behind a name."""
    names = {"type": "type", "segsleft": "segsleft", "segslefts": "segsleft", "length": "len", "id": "id", "ids": "id", "spi": "spi", "spis": "spi"}
    bare = {"reserved": {"rt": "0-res", "ah": "res", "frag": "res"}.get(prefix, "res"), "first": "first", "more": "more", "last": "last"}

    def make(match: re.Match[str]) -> Options:
        found: list[Option] = []
        words = match[0].split()[1:]
        for position, word in enumerate(words):
            name, colon, value = word.partition(":")
            if colon and name in names:
                found += signed(f"--{prefix}{'-' if prefix in ('rt', 'hbh', 'dst') else ''}{names[name]}", value)
            elif word in bare:
                found.append(Option(f"--{prefix}{'-' if prefix == 'rt' else ''}{bare[word]}"))
            elif word == "opts" and position + 1 < len(words):
                found.append(Option(f"--{prefix}-opts", (words[position + 1],)))
        return tuple(found)

    return make


_HEADERS6 = (
    (0x80, "hop-by-hop"),
    (0x40, "ipv6-opts"),
    (0x20, "ipv6-route"),
    (0x10, "ipv6-frag"),
    (0x08, "ah"),
    (0x04, "esp"),
    (0x02, "ipv6-nonxt"),
    (0x01, "protocol"),
)


def _ipv6header(match: re.Match[str]) -> Options:
    text = match["flags"].lstrip("!")
    names = ",".join(name for bit, name in _HEADERS6 if int(text, 16) & bit) if text.lower().startswith("0x") else text
    return (*option("--header", names, match["flags"].startswith("!")), *(option("--soft", "") if match["soft"] else ()))


def _owner(match: re.Match[str]) -> Options:
    found: list[Option] = []
    for part in re.finditer(
        r"(?P<no>! )?owner (?:(?P<kind>UID|GID) match (?P<value>\S+)(?P<groups> incl\. suppl\. groups)?|socket exists)", match[0], re.I
    ):
        if part["kind"]:
            found += option(f"--{part['kind'].lower()}-owner", part["value"], bool(part["no"]))
            found += option("--suppl-groups", "") if part["groups"] else ()
        else:
            found += option("--socket-exists", "", bool(part["no"]))
    return tuple(found)


def _physdev(match: re.Match[str]) -> Options:
    found: list[Option] = []
    negated = False
    for word in match["rest"].split():
        if word == "!":
            negated = True
        elif word.startswith("--"):
            found.append(Option(word, (), negated))
            negated = False
        elif found:
            found[-1] = Option(found[-1].name, (word,), found[-1].negated)
    return tuple(found)


def _recent(match: re.Match[str]) -> Options:
    how = {"SET": "--set", "CHECK": "--rcheck", "UPDATE": "--update", "REMOVE": "--remove"}[match["how"].upper()]
    found = [Option(how, (), bool(match["no"]))]
    for name, text in (("--seconds", match["seconds"]), ("--hitcount", match["hits"])):
        found += option(name, text)
    found += option("--reap", "") if match["reap"] else ()
    found += option("--rttl", "") if match["ttl"] else ()
    found += (*option("--name", match["name"]), *option("--mask", match["mask"]))
    found.append(Option("--rdest" if (match["side"] or "").startswith("dest") else "--rsource"))
    return tuple(found)


def _string(match: re.Match[str]) -> Options:
    text = match["text"]
    name = "--hex-string" if re.fullmatch(r"\|[0-9a-fA-F ]+\|", text) else "--string"
    return (
        Option(name, (text,), bool(match["no"])),
        Option("--algo", (match["algo"],)),
        *option("--from", match["start"]),
        *option("--to", match["to"]),
        *(option("--icase", "") if match["icase"] else ()),
    )


def _time(match: re.Match[str]) -> Options:
    days = re.sub(r"(?<=\d)(st|nd|rd|th)", "", match["months"]) if match["months"] else None
    start, stop = match["starting"], match["until"]
    return (
        *option("--timestart", match["since"]),
        *option("--timestop", match["till"]),
        *signed("--monthdays", days),
        *signed("--weekdays", match["days"]),
        *option("--datestart", start.replace(" ", "T") if start else None),
        *option("--datestop", stop.replace(" ", "T") if stop else None),
        *(option("--kerneltz", "") if not match["utc"] else ()),
        *(option("--contiguous", "") if match["contiguous"] else ()),
    )


def _statistic(match: re.Match[str]) -> Options:
    if match["probability"]:
        return (Option("--mode", ("random",)), Option("--probability", (match["probability"],), bool(match["no"])))
    return (Option("--mode", ("nth",)), Option("--every", (match["every"],), bool(match["no2"])), Option("--packet", (match["packet"] or "0",)))


def _connlimit(match: re.Match[str]) -> Options:
    how = "--connlimit-upto" if match["how"] in ("<=",) or match["no"] else "--connlimit-above"
    return (
        Option(how, (match["value"],)),
        Option("--connlimit-mask", (match["mask"],)),
        Option("--connlimit-daddr" if match["side"] == "dst" else "--connlimit-saddr"),
    )


def _set(match: re.Match[str]) -> Options:
    found = [Option("--match-set", (match["set"], match["dirs"]), bool(match["no"]))]
    words = (match["rest"] or "").split()
    position = 0
    while position < len(words):
        negated = words[position] == "!"
        position += negated
        name = words[position]
        takes = name.startswith(("packets-", "bytes-"))
        found.append(Option(f"--{name}", tuple(words[position + 1 : position + 2]) if takes else (), negated))
        position += 2 if takes else 1
    return tuple(found)


def _bytecode(match: re.Match[str]) -> Options:
    return (Option("--bytecode", (f"{match['code'].count(',') + 1},{match['code']}",)),)


_PORTS = r"(?: spts?:(?P<sport>!?\S+))?(?: dpts?:(?P<dport>!?\S+))?"
_CT = r"(?:! )?ct(?:state|proto|origsrc|origdst|replsrc|repldst|origsrcport|origdstport|replsrcport|repldstport|status|expire|dir) \S+"
# name, what it prints, what that means; the first that fits wins
MATCHES: tuple[tuple[str, re.Pattern[str], Make], ...] = tuple(
    (name, re.compile(spaced(pattern, name) + r"(?=\s|$)", re.I), make)
    for name, pattern, make in (
        ("comment", r"/\* (?P<text>.*?) \*/", lambda m: (Option("--comment", (m["text"],)),)),
        ("tcpmss", r"tcpmss match (?P<value>!?\S+)", lambda m: signed("--mss", m["value"])),
        ("tcp", r"tcp" + _PORTS + r"(?: option=(?P<option>!?\d+))?(?: flags:(?P<flags>!?\S+))?", _tcp),
        ("udp", r"udp" + _PORTS, _ports),
        ("udplite", r"udplite" + _PORTS, _ports),
        ("sctp", r"sctp" + _PORTS + r"(?: (?P<chunks>(?:! )?(?:any|all|only) \S+))?", _sctp),
        ("dccp", r"dccp" + _PORTS + r"(?: (?P<types>(?:! )?[\w,]+))?(?: option=(?P<option>!?\d+))?", _dccp),
        (
            "icmp",
            r"icmp ?(?P<no>!)?(?:type (?P<type>\d+)(?: codes? (?P<code>[\d-]+))?|(?P<word>(?!type)[a-zA-Z][\w-]*))",
            _icmp("--icmp-type", "any"),
        ),
        (
            "icmp6",
            r"ipv6-icmp ?(?P<no>!)?(?:type (?P<type>\d+)(?: codes? (?P<code>[\d-]+))?|(?P<word>(?!type)[a-zA-Z][\w-]*))",
            _icmp("--icmpv6-type", ""),
        ),
        ("multiport", r"multiport (?P<which>sports|dports|ports) (?P<value>!?\s?\S+)", lambda m: signed(f"--{m['which']}", m["value"])),
        ("conntrack", rf"{_CT}(?: {_CT})*", _words("")),
        ("state", r"(?P<no>! )?state (?P<value>\S+)", simple("--state")),
        ("addrtype", r"ADDRTYPE match(?: src-type (?P<src>!?\S+))?(?: dst-type (?P<dst>!?\S+))?(?P<into> limit-in)?(?P<out> limit-out)?", _addrtype),
        ("mark", r"mark match (?P<no>! ?)?(?P<value>\S+)", simple("--mark")),
        ("connmark", r"connmark match\s+(?P<no>! ?)?(?P<value>\S+)", simple("--mark")),
        (
            "set",
            r"(?P<no>! )?match-set (?P<set>\S+) (?P<dirs>\S+)"
            r"(?P<rest>(?: (?:! )?(?:return-nomatch|update-counters|update-subcounters|(?:packets|bytes)-\w+ \d+))*)",
            _set,
        ),
        ("physdev", r"PHYSDEV match(?P<rest>(?: (?:! )?--physdev-(?:is-\w+|(?:in|out) \S+))+)", _physdev),
        (
            "limit",
            r"limit: avg (?P<rate>\S+) burst (?P<burst>\d+)",
            lambda m: (Option("--limit", (m["rate"],)), *(option("--limit-burst", m["burst"]) if m["burst"] != "5" else ())),
        ),
        (
            "hashlimit",
            r"limit: (?P<how>up to|above) (?P<rate>\S+)"
            r"(?P<rest>(?: burst \S+| mode \S+| htable-(?:size|max|gcinterval|expire) \d+| srcmask \d+| dstmask \d+)*)",
            lambda m: (
                Option("--hashlimit-upto" if m["how"].lower() == "up to" else "--hashlimit-above", (m["rate"],)),
                *pairs("--hashlimit-", m["rest"]),
            ),
        ),
        (
            "iprange",
            r"(?:source IP range (?P<no>! )?(?P<src>\S+))(?: destination IP range (?P<no2>! )?(?P<dst>\S+))?",
            lambda m: (*option("--src-range", m["src"], bool(m["no"])), *option("--dst-range", m["dst"], bool(m["no2"]))),
        ),
        ("iprange", r"destination IP range (?P<no>! )?(?P<value>\S+)", simple("--dst-range")),
        ("mac", r"MAC\s*(?P<no>! ?)?(?P<value>[0-9a-f]{2}(?::[0-9a-f]{2}){5})", lambda m: option("--mac-source", m["value"].lower(), bool(m["no"]))),
        ("pkttype", r"PKTTYPE (?P<how>=|!=) (?P<value>\w+)", lambda m: option("--pkt-type", m["value"].lower(), m["how"] == "!=")),
        ("ttl", r"TTL match (?P<name>TTL) (?P<how>==|!=|<|>) (?P<value>\d+)", _hl),
        ("hl", r"HL match (?P<name>HL) (?P<how>==|!=|<|>) (?P<value>\d+)", _hl),
        ("tos", r"tos match ?(?P<value>!?\S+)", lambda m: signed("--tos", m["value"])),
        ("dscp", r"DSCP match ?(?P<value>!?\S+)", lambda m: signed("--dscp", m["value"])),
        (
            "ecn",
            r"ECN match(?: (?P<list>!?(?:ECE|CWR|ECT=\d)(?: !?(?:ECE|CWR|ECT=\d))*))",
            lambda m: tuple(o for word in m["list"].split() for o in _ecn(word)),
        ),
        ("length", r"length (?P<value>!?\d\S*)", lambda m: signed("--length", m["value"])),
        (
            "statistic",
            r"statistic mode (?:random (?P<no>! )?probability (?P<probability>\S+)|nth (?P<no2>! )?every (?P<every>\d+)(?: packet (?P<packet>\d+))?)",
            _statistic,
        ),
        (
            "owner",
            r"(?:! )?owner (?:[UG]ID match \S+(?: incl\. suppl\. groups)?|socket exists)"
            r"(?: (?:! )?owner (?:[UG]ID match \S+(?: incl\. suppl\. groups)?|socket exists))*",
            _owner,
        ),
        (
            "recent",
            r"(?P<no>! )?recent: (?P<how>SET|CHECK|UPDATE|REMOVE)(?: seconds: (?P<seconds>\d+))?(?P<reap> reap)?"
            r"(?: hit_count: (?P<hits>\d+))?(?P<ttl> TTL-Match)?"
            r"(?: name: (?P<name>\S+))?(?: side: (?P<side>\w+))?(?: mask: (?P<mask>\S+))?",
            _recent,
        ),
        ("connlimit", r"#conn ?(?P<side>src|dst)?/(?P<mask>\S+) (?P<no>! )?(?P<how>>|<=|>=|<) (?P<value>\d+)", _connlimit),
        (
            "connbytes",
            r"(?P<no>! )?connbytes (?P<no2>! )?(?P<value>\S+) connbytes mode (?P<mode>\S+) connbytes direction (?P<dir>\S+)",
            lambda m: (
                *option("--connbytes", m["value"], bool(m["no"] or m["no2"])),
                *option("--connbytes-mode", m["mode"]),
                *option("--connbytes-dir", m["dir"]),
            ),
        ),
        (
            "connlabel",
            r"connlabel (?P<no>! )?(?P<value>(?!set)[^\s'\"]\S*|'[^']*')(?P<set> set)?",
            lambda m: (*option("--label", m["value"].strip("'"), bool(m["no"])), *(option("--set", "") if m["set"] else ())),
        ),
        ("helper", r'helper match (?P<no>! )?"(?P<value>[^"]*)"', simple("--helper")),
        (
            "string",
            r'STRING match (?P<no>! )?"(?P<text>[^"]*)" ALGO name (?P<algo>\w+)(?: FROM (?P<start>\d+))?(?: TO (?P<to>\d+))?(?P<icase> ICASE)?',
            _string,
        ),
        (
            "time",
            r"TIME(?: from (?P<since>[\d:]+) to (?P<till>[\d:]+))?(?: on (?P<days>!? ?[A-Z][a-z]{2}(?:,[A-Z][a-z]{2})*))?"
            r"(?: on (?P<months>!? ?\d\w*(?:,\d\w*)*))?"
            r"(?: starting from (?P<starting>[\d-]+ [\d:]+))?(?: until date (?P<until>[\d-]+ [\d:]+))?(?P<utc> UTC)?(?P<contiguous> contiguous)?",
            _time,
        ),
        ("u32", r'u32 (?P<no>! )?"(?P<value>[^"]*)"', lambda m: (Option("--u32", (m["value"],), bool(m["no"])),)),
        ("rpfilter", r"rpfilter(?: (?:loose|validmark|accept-local|invert))*", lambda m: tuple(Option(f"--{word}") for word in m[0].split()[1:])),
        ("socket", r"socket(?: --\w[\w-]*)*", lambda m: tuple(Option(word) for word in m[0].split()[1:])),
        ("devgroup", r"(?:! )?(?:src|dst)-group \S+(?: (?:! )?dst-group \S+)?", _words("")),
        ("realm", r"(?P<no>! )?realm (?P<value>\S+)", simple("--realm")),
        ("cpu", r"cpu (?P<no>! ?)?(?P<value>\d+)", simple("--cpu")),
        ("cgroup", r"cgroup (?P<no>! )?(?P<value>\d+)", simple("--cgroup")),
        ("cgroup", r"cgroup path (?P<no>! )?(?P<value>\S+)", simple("--path")),
        (
            "cluster",
            r"(?P<no>! )?cluster node_mask=(?P<mask>\S+) total_nodes=(?P<nodes>\d+) hash_seed=(?P<seed>\S+)",
            lambda m: (
                *option("--cluster-local-nodemask", m["mask"], bool(m["no"])),
                *option("--cluster-total-nodes", m["nodes"]),
                *option("--cluster-hash-seed", m["seed"]),
            ),
        ),
        (
            "policy",
            r"policy match dir (?P<dir>in|out) pol (?P<pol>none|ipsec)(?: reqid (?P<reqid>\d+))?",
            lambda m: (*option("--dir", m["dir"]), *option("--pol", m["pol"]), *option("--reqid", m["reqid"])),
        ),
        ("ah", r"ah(?: spis?:!?\S+| length:!?\S+| reserved)+", _header6("ah")),
        ("esp", r"esp spis?:(?P<value>!?\S+)", lambda m: signed("--espspi", m["value"])),
        ("ipcomp", r"comp spi:(?P<value>!?\S+)", lambda m: signed("--ipcompspi", m["value"])),
        ("frag", r"frag(?: ids?:!?\S+| length:!?\S+| reserved| first| more| last)+", _header6("frag")),
        ("rt", r"rt(?: type:!?\S+| segslefts?:!?\S+| length:!?\S+| reserved)+", _header6("rt")),
        ("hbh", r"hbh(?: length:!?\S+| opts \S+)+", _header6("hbh")),
        ("dst", r"dst(?: length:!?\S+| opts \S+)+", _header6("dst")),
        ("ipv6header", r"ipv6header flags:(?P<flags>!?\S+)(?P<soft> soft)?", _ipv6header),
        ("mh", r"mh (?P<value>!?\d\S*|!?[a-z]\S*)", lambda m: signed("--mh-type", m["value"])),
        ("eui64", r"eui64", lambda m: ()),
        ("bpf", r"match bpf (?P<code>\d+ \d+ \d+ \d+(?:,\d+ \d+ \d+ \d+)*)", _bytecode),
        ("nfacct", r"nfacct-name +(?P<value>\S+)", simple("--nfacct-name")),
        ("osf", r"OS fingerprint match (?P<no>! )?(?P<value>\S+)", simple("--genre")),
    )
)
LOSSY = {"quota": (re.compile(r"quota: \d+ bytes(?=\s|$)"), "a listing does not show whether -m quota is negated")}


def _ecn(word: str) -> Options:
    name = word.lstrip("!")
    negated = word.startswith("!")
    return option("--ecn-ip-ect", name[4:], negated) if name.startswith("ECT=") else (Option(f"--ecn-tcp-{name.lower()}", (), negated),)
