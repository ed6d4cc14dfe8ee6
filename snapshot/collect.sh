#!/bin/sh
# packetpath collector: saves what this host's network tools print, and optionally a capture, into one tarball.
# POSIX sh (dash, bash, busybox ash, ksh, mksh). It leaves no mark: it only reads, loads no kernel module, opens no connection
# tracking, mounts nothing, changes no counter and no sysctl; what it left out for that stands in manifest.json with the option
# that would allow it. Secrets stay on the host: no keys, no environment, no command lines of containers.
# usage: sudo sh collect.sh [-o FILE] [--pcap SECONDS] ...      (-h lists all options)
# shellcheck disable=SC2317
set -u
umask 077
LC_ALL=C
WG_HIDE_KEYS=always
export LC_ALL WG_HIDE_KEYS
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
export PATH
VERSION=0.2.0

out='' mode=run only_this=0 limit=20 each=64 total=1024 skipped='' allow_modules=0 allow_mounts=0 full=0
pcap=0 pcap_in='' pcap_filter='' pcap_packets=0 pcap_size=256 pcap_ring=0 snaplen=128
usage() {
  cat <<'END'
usage: sh collect.sh [options]      (as root for everything; without root it saves what it can)
  -o FILE             name of the tarball (default: packetpath-HOST-TIME.tar.gz here); only its owner can read it
  --dry-run           print every command that it would run here, and what it would leave out and why; save nothing
  --list              print every file that it can save, with its command; look at nothing
  --netns this        only the namespace that it runs in, no others
  --skip NAME         leave this container or namespace out (repeatable)
  --timeout SECONDS   how long one command may take (default 20)
  --max-file MIB      how much one command may print (default 64)
  --max-total MIB     how much is saved in all, captures included (default 1024)
  --allow-modules     also run commands that may load a kernel module or register a table
  --allow-mounts      where nsenter is missing, enter namespaces by `ip netns exec` (it mounts /sys in a namespace of its own)
  --docker-full       save `docker inspect` whole: environment, labels and command lines, which often hold secrets
capture:
  --pcap SECONDS      also capture on all interfaces of this namespace for so long
  --pcap-in NAME      capture in this container or namespace too (repeatable; needs --pcap)
  --pcap-filter EXPR  only packets that this tcpdump filter lets through
  --snaplen BYTES     how much of each packet (default 128: every header and little more; the payload is cut)
  --payload           whole packets
  --pcap-packets N    stop after so many packets
  --pcap-size MIB     stop at this size of a capture (default 256)
  --pcap-ring N       keep only the newest: N files of --pcap-size MIB in all, the oldest is overwritten
  --version, -h
END
}
die() { echo "collect.sh: $*" >&2; exit 2; }
number() { case $2 in ''|*[!0-9]*) die "$1 wants a number, not '$2'";; esac; }
while [ $# -gt 0 ]; do
  case $1 in
    -o|--pcap|--pcap-in|--pcap-filter|--pcap-packets|--pcap-size|--pcap-ring|--snaplen|--skip|--netns|--timeout|--max-file|--max-total)
      [ $# -ge 2 ] || die "$1 wants a value";;
  esac
  case $1 in
    -o) out=$2; shift;;
    --dry-run) mode=dry;;
    --list) mode=list;;
    --pcap) number "$1" "$2"; pcap=$2; shift;;
    --pcap-in) pcap_in="$pcap_in $2"; shift;;
    --pcap-filter) pcap_filter=$2; shift;;
    --pcap-packets) number "$1" "$2"; pcap_packets=$2; shift;;
    --pcap-size) number "$1" "$2"; pcap_size=$2; shift;;
    --pcap-ring) number "$1" "$2"; pcap_ring=$2; shift;;
    --snaplen) number "$1" "$2"; snaplen=$2; shift;;
    --payload) snaplen=262144;;
    --skip) skipped="$skipped $2"; shift;;
    --netns) [ "$2" = this ] || die "--netns knows only 'this'"; only_this=1; shift;;
    --timeout) number "$1" "$2"; limit=$2; shift;;
    --max-file) number "$1" "$2"; each=$2; shift;;
    --max-total) number "$1" "$2"; total=$2; shift;;
    --allow-modules) allow_modules=1;;
    --allow-mounts) allow_mounts=1;;
    --docker-full) full=1;;
    --version) echo "packetpath collector $VERSION"; exit 0;;
    -h|--help) usage; exit 0;;
    *) usage >&2; die "unknown option $1";;
  esac
  shift
done
[ "$snaplen" -ge 64 ] || die "--snaplen below 64 cuts headers"
[ "$pcap_ring" -ne 1 ] || die "--pcap-ring wants 2 files or more"

have() { command -v "$1" >/dev/null 2>&1; }
hostname=$(hostname 2>/dev/null || cat /proc/sys/kernel/hostname 2>/dev/null || echo unknown)
safe() { printf '%s' "$1" | tr -c 'A-Za-z0-9_.-' '_' | sed 's/^\.*$/_/; s/^-/_/'; }
[ -n "$out" ] || out="packetpath-$(safe "$hostname")-$(date -u +%Y%m%dT%H%M%SZ).tar.gz"
if [ "$mode" = run ]; then
  outdir=$(dirname -- "$out")
  [ -d "$outdir" ] || die "$outdir: no such directory"
  [ -w "$outdir" ] || die "$outdir: can't write there"
  [ ! -d "$out" ] || die "$out is a directory"
fi
part="$out.partial.$$"
top=$(basename -- "$out"); top=$(safe "${top%.tar.gz}")
work=$(mktemp -d "${TMPDIR:-/tmp}/packetpath.XXXXXX") || die "no temporary directory"
root="$work/$top"
pids='' job='' guard=''
clean() {
  for p in $pids $job $guard; do kill "$p" 2>/dev/null; done
  rm -rf "$work"
  [ "$mode" != run ] || rm -f "$part"
}
trap clean EXIT
trap 'echo "collect.sh: interrupted, nothing was written" >&2; exit 130' INT TERM HUP
mkdir -p "$root/once" "$root/netns" "$root/captures" "$work/errors" || die "can't write into $work"
for f in commands missing absent namespaces containers captures collected running; do : >"$work/$f"; done
clock() { c=$(date +%s.%N 2>/dev/null); case $c in *[!0-9.]*|*.) c=$(date +%s);; esac; echo "$c"; }
uptime_now() { u=''; read -r u _ </proc/uptime 2>/dev/null; echo "${u:-0}"; }
started=$(date +%s) clock_start=$(clock) uptime_start=$(uptime_now)

# ---- one command, at low priority, with a limit of time and of output ----------------------------------------------------
low=''
if have nice; then low='nice -n 19'; fi
if have ionice && ionice -c 3 true 2>/dev/null; then low="$low ionice -c 3"; fi
stop=''
if have timeout && timeout 5 true 2>/dev/null; then stop="timeout $limit"; fi
if have timeout && timeout -k 2 5 true 2>/dev/null; then stop="timeout -k 2 $limit"; fi
# shellcheck disable=SC3040
[ -z "${BASH_VERSION:-}" ] || set -o posix # ulimit -f counts 512 bytes then, as elsewhere
enter=''  # how to get into the current namespace: empty, or nsenter --net=...
bounded() { # run "$@"; a signal ends the wait at once (a foreground command would hold it back)
  # shellcheck disable=SC2086
  ( ulimit -f $((each * 2048)) 2>/dev/null; exec $low $stop $enter "$@" ) </dev/null &
  job=$!
  if [ -z "$stop" ]; then
    ( sleep "$limit"; kill -9 "$job" ) >/dev/null 2>&1 &
    guard=$!
  fi
  wait "$job"; code=$?
  job=''
  if [ -n "$guard" ]; then kill "$guard" 2>/dev/null; guard=''; fi
  return $code
}
used=0 serial=0
tab=$(printf '\t')
row() { # list fields...: one line of tab-separated fields
  list=$1; shift
  line=''
  for f in "$@"; do line="$line$f$tab"; done
  printf '%s\n' "$line" | tr -d '\000-\010\013-\037' >>"$work/$list"
}
optional=0 # 1: what is not there is no loss worth a warning
missing() { # file netns command why [option that would allow it]
  case $mode in
    dry) printf 'skip\t%s\t%s\t%s%s\n' "$1" "$3" "$4" "${5:+ (allow it with $5)}"; return;;
    list) return;;
  esac
  if [ "$optional" = 1 ] && [ -z "${5:-}" ]; then row absent "$1" "$2" "$3" "$4" ''; else row missing "$1" "$2" "$3" "$4" "${5:-}"; fi
}
nothing() { # file netns command why: it is known, without asking, that there is nothing
  case $mode in
    dry) printf 'none\t%s\t%s\t%s\n' "$1" "$3" "$4"; return;;
    list) printf '%s\t%s\n' "$1" "$3"; return;;
  esac
  mkdir -p "$root/$(dirname -- "$1")"
  : >"$root/$1"
  row commands "$1" "$2" "$3" 0 0 '' "not run: $4"
}
note='' dead=0
run() { # file netns label command...
  file=$1 ns=$2 label=$3
  shift 3
  case $mode in
    list) printf '%s\t%s\n' "$file" "$label"; return 0;;
    dry) if have "$1"; then printf 'run\t%s\t%s\n' "$file" "$label"; else missing "$file" "$ns" "$label" "$1 is not installed"; fi; return 0;;
  esac
  [ "$dead" = 0 ] || return 1
  if ! have "$1"; then missing "$file" "$ns" "$label" "$1 is not installed"; return 1; fi
  if [ "$used" -ge $((total * 1048576)) ]; then missing "$file" "$ns" "$label" "the $total MiB of --max-total were used up"; return 1; fi
  mkdir -p "$root/$(dirname -- "$file")"
  serial=$((serial + 1))
  began=$(date +%s)
  bounded "$@" >"$root/$file" 2>"$work/errors/$serial"
  code=$?
  size=$(($(wc -c <"$root/$file")))
  used=$((used + size))
  row commands "$file" "$ns" "$label" "$code" "$(($(date +%s) - began))" "$serial" "$note"
  if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then
    missing "$file" "$ns" "$label" "took longer than $limit seconds and was ended"
  elif [ "$size" -ge $((each * 1048576)) ]; then
    missing "$file" "$ns" "$label" "printed more than the $each MiB of --max-file: cut off there"
  elif [ "$code" -ne 0 ] && [ "$size" -eq 0 ]; then
    if [ -n "$enter" ] && ! $enter true 2>/dev/null </dev/null; then
      dead=1
      missing "netns/$ns" "$ns" "$enter" 'the namespace ended while it was read'
      return 1
    fi
    missing "$file" "$ns" "$label" "failed with status $code: $(head -n 1 "$work/errors/$serial")"
  fi
  return 0
}
save() { # file netns command...
  sf=$1 sn=$2
  shift 2
  run "$sf" "$sn" "$*" "$@"
}
gone() { # file: forget it and its record
  rm -f "$root/$1"
  sed '$d' "$work/commands" >"$work/commands.new" && mv "$work/commands.new" "$work/commands"
}
save_json() { # file netns command...: kept only if it is JSON (old iproute2 prints text in spite of -j, or knows no -j)
  [ "$mode" != list ] && [ "$json" = 0 ] && return 0
  held=$optional optional=1
  save "$@"
  optional=$held
  [ "$mode" = run ] && [ -s "$root/$1" ] || return 0
  case $(head -c 64 "$root/$1" | tr -d ' \n\r\t' | cut -c 1) in '['|'{') ;; *) gone "$1";; esac
}

# ---- what may be asked without loading a module ----------------------------------------------------------------------------
loadable=0
if [ -e /proc/modules ] && [ "$(cat /proc/sys/kernel/modules_disabled 2>/dev/null)" != 1 ]; then loadable=1; fi
{ ls /sys/module; sed 's/ .*//' /proc/modules; sed 's/.*\///; s/\.ko.*//' "/lib/modules/$(uname -r)/modules.builtin"; } 2>/dev/null |
  tr - _ | sort -u >"$work/modules"
builtin_known=0
[ ! -s "/lib/modules/$(uname -r)/modules.builtin" ] || builtin_known=1
module() { # prints loaded, absent or unknown (it may be built in, and nothing tells); "free" where no module can be loaded at all
  if grep -qx "$1" "$work/modules"; then echo loaded
  elif [ "$loadable" = 0 ] || [ "$allow_modules" = 1 ]; then echo free
  elif [ "$builtin_known" = 1 ]; then echo absent
  else echo unknown; fi
}
gate() { # module file netns command...: run it only where the module is there already
  gm=$1
  shift
  if [ "$mode" = list ]; then save "$@"; return 0; fi
  gf=$1 gn=$2
  case $(module "$gm") in
    loaded|free) save "$@";;
    absent) shift 2; nothing "$gf" "$gn" "$*" "the kernel's $gm is not loaded, so there is nothing to see";;
    *) shift 2; missing "$gf" "$gn" "$*" "it might load the kernel's $gm" --allow-modules;;
  esac
}

# ---- scripts for what takes more than one command ----------------------------------------------------------------------------
cat >"$work/sysctl.sh" <<'END'
# one reader for all; dots and slashes of a path change places, as sysctl(8) prints them. Keys and secrets are left out
grep -rs '' /proc/sys/net 2>/dev/null | grep -v -e '/stable_secret:' -e '/tcp_fastopen_key:' -e '/netdev_rss_key:' | sort | awk '{
  i = index($0, ":"); k = substr($0, 11, i - 11); v = substr($0, i + 1); r = ""
  for (j = 1; j <= length(k); j++) { c = substr(k, j, 1); r = r (c == "/" ? "." : c == "." ? "/" : c) }
  gsub(/\t/, " ", v); print r " = " v }'
END
cat >"$work/tc-filter.sh" <<'END'
tc qdisc show 2>/dev/null | while read -r _ kind _ _ dev _; do
  case $kind in
    clsact) sides='ingress egress';; ingress) sides=ingress;;
    noqueue|mq|pfifo_fast|fq|fq_codel|pfifo|bfifo|noop) continue;; *) sides=root;;
  esac
  for side in $sides; do echo "== dev $dev $side"; tc -s -d filter show dev "$dev" $side; done
done
END
cat >"$work/ethtool.sh" <<'END'
ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | while read -r dev; do echo "== $dev"; ethtool -k "$dev"; done
END
cat >"$work/lists.sh" <<'END'
# what a match remembers, with the clocks that it counts by (the kernel's jiffies tell its HZ, too)
[ -n "$(ls "$1" 2>/dev/null)" ] || exit 0
echo "# uptime $(cut -d ' ' -f 1 /proc/uptime) jiffies $(grep -m 1 '^jiffies:' /proc/timer_list 2>/dev/null | cut -d ' ' -f 2)"
for f in "$1"/*; do [ -e "$f" ] && echo "== ${f##*/}" && cat "$f"; done; true
END
# keeps chosen keys of a pretty-printed JSON text (paths of keys; a list has its own key's path); a line of any other form is dropped
cat >"$work/keep.awk" <<'AWK'
function kept(p,   i) {
  if (drop != "") return p !~ drop
  for (i = 1; i <= n; i++) if (p == want[i] || index(p, want[i] ".") == 1 || index(want[i], p ".") == 1) return 1
  return 0 }
function put(text, ends, closes) { if (held != "") print held (heldends && !closes ? "," : ""); held = text; heldends = ends }
BEGIN { n = split(list, want, " ") }
{ line = $0; sub(/\r$/, "", line); sub(/,[ \t]*$/, "", line); key = ""; rest = line; sub(/^[ \t]*/, "", rest)
  if (rest ~ /^"([^"\\]|\\.)*": /) { key = rest; sub(/": .*/, "", key); key = substr(key, 2); sub(/^"([^"\\]|\\.)*": */, "", rest) }
  path = depth > 0 && at[depth] != "" ? at[depth] (key != "" ? "." key : "") : key
  if (rest == "{" || rest == "[") {
    depth++; at[depth] = path; dead[depth] = dead[depth - 1] || (path != "" && !kept(path)); if (!dead[depth]) put(line, 0, 0)
  } else if (rest == "}" || rest == "]") { if (!dead[depth]) put(line, 1, 1); depth-- }
  else if (rest ~ /^("([^"\\]|\\.)*"|-?[0-9.eE+-]+|true|false|null|\{\}|\[\])$/) { if (!dead[depth] && (path == "" || kept(path))) put(line, 1, 0) }
}
END { if (held != "") print held }
AWK
kept() { # file keys [keys to drop instead, as a pattern]: a saved JSON file is cut down to these keys
  [ "$mode" = run ] && [ -s "$root/$1" ] && [ "$full" = 0 ] || return 0
  if awk -v list="$2" -v drop="${3:-}" -f "$work/keep.awk" "$root/$1" >"$work/kept"; then cat "$work/kept" >"$root/$1"; else : >"$root/$1"; fi
}

# ---- the facts of a namespace ---------------------------------------------------------------------------------------------------
json=1 detail='-d'
if [ "$mode" != list ] && have ip; then
  bounded ip -j addr show dev lo >/dev/null 2>&1 || json=0
  bounded ip -d addr show dev lo >/dev/null 2>&1 || detail='' # busybox
fi
if [ "$json" = 0 ]; then optional=1; missing 'netns/*/*.json' host 'ip -j' 'this ip knows no -j: the text is saved'; optional=0; fi
both() { # file netns tool options command...: as JSON and as text
  bf=$1 bn=$2 bt=$3 bo=$4
  shift 4
  # shellcheck disable=SC2086
  save_json "$bf.json" "$bn" "$bt" $bo -j "$@"
  # shellcheck disable=SC2086
  save "$bf.txt" "$bn" "$bt" $bo "$@"
}
collect_namespace() { # name
  n=$1 d=netns/$1
  [ "$mode" != run ] || mkdir -p "$root/$d"
  both "$d/ip-link" "$n" ip "$detail" link
  both "$d/ip-addr" "$n" ip "$detail" addr
  both "$d/ip-4-route" "$n" ip "-4 $detail" route show table all
  both "$d/ip-6-route" "$n" ip "-6 $detail" route show table all
  both "$d/ip-4-rule" "$n" ip -4 rule
  both "$d/ip-6-rule" "$n" ip -6 rule
  both "$d/ip-neigh" "$n" ip '' neigh
  if [ "$mode" = list ] || ! have ip; then
    held=$optional
    [ "$mode" = list ] || optional=1
    save "$d/ifconfig.txt" "$n" ifconfig -a
    save "$d/route.txt" "$n" route -n
    save "$d/arp.txt" "$n" arp -n
    optional=$held
  fi
  both "$d/bridge-link" "$n" bridge "$detail" link
  both "$d/bridge-fdb" "$n" bridge '' fdb
  both "$d/bridge-vlan" "$n" bridge '' vlan
  # brctl reads /sys, which shows the namespace that it was mounted in: elsewhere it would tell of the wrong one
  if [ "$n" = host ] || [ "$mode" = list ]; then gate bridge "$d/brctl-show.txt" "$n" brctl show; fi
  rules "$d/" "$n"
  gate nf_tables "$d/nft-ruleset.txt" "$n" nft -a list ruleset
  gate nf_tables "$d/nft-ruleset.json" "$n" nft -j list ruleset
  gate ip_set "$d/ipset-save.txt" "$n" ipset save
  connections "$d/" "$n"
  sockets "$d/" "$n"
  run "$d/sysctl.txt" "$n" 'every file below /proc/sys/net' sh "$work/sysctl.sh"
  save "$d/netns-list-id.txt" "$n" ip netns list-id
  optional=1
  others "$d/" "$n"
  counters "$d/" "$n"
  optional=0
}
others() { # prefix netns: what few hosts have; and what bends packets outside of netfilter, so that it is at least seen
  both "${1}ip-nexthop" "$2" ip "$detail" nexthop
  both "${1}ip-maddr" "$2" ip '' maddr
  both "${1}ip-netconf" "$2" ip '' netconf
  both "${1}ip-addrlabel" "$2" ip '' addrlabel
  save "${1}ip-4-mroute.txt" "$2" ip -4 mroute show table all
  save "${1}ip-6-mroute.txt" "$2" ip -6 mroute show table all
  both "${1}bridge-mdb" "$2" bridge "$detail" mdb
  gate nfnetlink_hook "${1}nft-hooks.txt" "$2" nft list hooks
  gate xfrm_user "${1}ip-xfrm-policy.txt" "$2" ip xfrm policy
  gate wireguard "${1}wg-show.txt" "$2" wg show
  if [ -e /proc/net/ip_vs ] || [ "$mode" = list ]; then
    save "${1}proc-ip_vs.txt" "$2" cat /proc/net/ip_vs
    save "${1}ipvsadm-save.txt" "$2" ipvsadm -Sn
  fi
  save "${1}tc-qdisc.txt" "$2" tc -s -d qdisc show
  if have tc || [ "$mode" = list ]; then run "${1}tc-filter.txt" "$2" 'tc -s -d filter show dev DEV SIDE' sh "$work/tc-filter.sh"; fi
  if have ethtool || [ "$mode" = list ]; then run "${1}ethtool-k.txt" "$2" 'ethtool -k DEV' sh "$work/ethtool.sh"; fi
  save "${1}bpftool-net.json" "$2" bpftool -j net show
}
counters() { # prefix netns: what the kernel counted
  save "${1}ip-s-link.txt" "$2" ip -s link
  save "${1}nstat.txt" "$2" nstat -asz # -s: it would keep a history file otherwise
  for list in xt_recent ipt_hashlimit ip6t_hashlimit; do
    if [ -d "/proc/net/$list" ] || [ "$mode" = list ]; then run "${1}proc-$list.txt" "$2" "cat /proc/net/$list/*" sh "$work/lists.sh" "/proc/net/$list"; fi
  done
  if tracked; then gate nf_conntrack_netlink "${1}conntrack-stats.txt" "$2" conntrack -S; fi
}
legacy() { # file netns tool list [option]: reading a table that is not in the list would register it
  # shellcheck disable=SC2086
  names=$($enter cat "/proc/net/$4" 2>/dev/null)
  if [ "$mode" = list ] || [ -n "$names" ]; then
    # shellcheck disable=SC2086
    if have "$3" || [ "$mode" = list ]; then save "$1" "$2" "$3" ${5:-}
    else missing "$1" "$2" "$3 ${5:-}" "the kernel has legacy tables ($(echo "$names" | tr '\n' ' ')), and $3 is not installed"; fi
  elif [ "$(id -u)" -ne 0 ] && [ -e "/proc/net/$4" ]; then
    missing "$1" "$2" "$3 ${5:-}" "needs root"
  else
    nothing "$1" "$2" "$3 ${5:-}" "/proc/net/$4 names no table, so there is no legacy rule"
  fi
}
by_nft() { # file netns tool options family: reading where there is no table might make some (old iptables-nft)
  bf=$1 bn=$2 bt=$3 bo=$4 bx=$5
  # shellcheck disable=SC2086
  if [ "$mode" = list ]; then save "$bf" "$bn" "$bt" $bo; return; fi
  case $(module nf_tables) in
    absent) nothing "$bf" "$bn" "$bt $bo" "the kernel's nf_tables is not loaded, so there is no such rule"; return;;
    unknown) missing "$bf" "$bn" "$bt $bo" "it might load the kernel's nf_tables" --allow-modules; return;;
  esac
  # shellcheck disable=SC2086
  if have nft && tables=$($enter nft list tables "$bx" 2>/dev/null) &&
    ! printf '%s\n' "$tables" | grep -q -E "^table $bx (filter|nat|mangle|raw|security|broute)\$"; then
    nothing "$bf" "$bn" "$bt $bo" "nft lists no table of iptables' names for $bx, so there is no such rule"
  else
    # shellcheck disable=SC2086
    save "$bf" "$bn" "$bt" $bo
  fi
}
rules() { # prefix netns: iptables of both back-ends, each named for what it is
  legacy "${1}iptables-legacy-save.txt" "$2" "${legacy4:-iptables-legacy-save}" ip_tables_names -c
  legacy "${1}ip6tables-legacy-save.txt" "$2" "${legacy6:-ip6tables-legacy-save}" ip6_tables_names -c
  if [ "$mode" = list ] || have "${nft4:-iptables-nft-save}"; then
    by_nft "${1}iptables-nft-save.txt" "$2" "${nft4:-iptables-nft-save}" -c ip
    by_nft "${1}ip6tables-nft-save.txt" "$2" "${nft6:-ip6tables-nft-save}" -c ip6
  fi
  held=$optional optional=1
  if [ "$mode" = list ] || have arptables-nft-save; then by_nft "${1}arptables-nft-save.txt" "$2" arptables-nft-save '' arp; fi
  if [ "$mode" = list ] || have ebtables-nft-save; then by_nft "${1}ebtables-nft-save.txt" "$2" ebtables-nft-save '' bridge; fi
  if [ "$mode" = list ] || have arptables-legacy-save; then
    legacy "${1}arptables-legacy-save.txt" "$2" arptables-legacy-save arp_tables_names
  fi
  if [ "$mode" = list ] || have ebtables-legacy-save; then
    # no list in /proc says which of its tables a namespace has, and reading registers one: only where no module means no rule
    if [ "$mode" = list ] || [ "$allow_modules" = 1 ]; then save "${1}ebtables-legacy-save.txt" "$2" ebtables-legacy-save
    elif [ "$(module ebtables)" = absent ]; then nothing "${1}ebtables-legacy-save.txt" "$2" ebtables-legacy-save "ebtables is not loaded"
    else missing "${1}ebtables-legacy-save.txt" "$2" ebtables-legacy-save "it might register a table" --allow-modules; fi
  fi
  optional=$held
}
# a lone iptables-save belongs to the back-end that its version names
legacy4='' legacy6='' nft4='' nft6=''
if [ "$mode" != list ] && have iptables-save && ! have iptables-legacy-save && ! have iptables-nft-save; then
  case $(iptables --version 2>/dev/null) in
    *nf_tables*) nft4=iptables-save nft6=ip6tables-save;;
    *) legacy4=iptables-save legacy6=ip6tables-save;;
  esac
fi
tracked() { [ "$mode" = list ] || [ -e /proc/sys/net/netfilter/nf_conntrack_max ] || [ "$(module nf_conntrack)" = loaded ]; }
connections() { # prefix netns
  if ! tracked; then
    for f in conntrack-4.txt conntrack-6.txt; do
      nothing "$1$f" "$2" 'conntrack -L' "the kernel's nf_conntrack is not loaded: no connection is tracked"
    done
    return
  fi
  by_netlink=0
  case $(module nf_conntrack_netlink) in loaded|free) have conntrack && by_netlink=1;; esac
  if [ "$by_netlink" = 1 ] || [ "$mode" = list ]; then
    save "${1}conntrack-4.txt" "$2" conntrack -L -f ipv4 -o extended
    save "${1}conntrack-6.txt" "$2" conntrack -L -f ipv6 -o extended
    save "${1}conntrack-expect.txt" "$2" conntrack -L expect
  fi
  if [ "$by_netlink" = 0 ] || [ "$mode" = list ]; then
    if [ -r /proc/net/nf_conntrack ] || [ "$mode" = list ]; then
      save "${1}proc-nf_conntrack.txt" "$2" cat /proc/net/nf_conntrack
      if [ -r /proc/net/nf_conntrack_expect ] || [ "$mode" = list ]; then
        save "${1}proc-nf_conntrack_expect.txt" "$2" cat /proc/net/nf_conntrack_expect
      fi
    elif have conntrack; then
      missing "${1}conntrack-4.txt" "$2" 'conntrack -L' "it might load nf_conntrack_netlink, and /proc/net/nf_conntrack can't be read" --allow-modules
    else
      missing "${1}conntrack-4.txt" "$2" 'conntrack -L' "conntrack is not installed, and /proc/net/nf_conntrack can't be read"
    fi
  fi
}
sockets() { # prefix netns: by netlink where its modules are there, else ss is told to read /proc
  asked=0
  case $(module tcp_diag)$(module udp_diag) in loadedloaded|freefree|loadedfree|freeloaded) asked=1;; esac
  if [ "$mode" = list ] || { have ss && [ "$asked" = 1 ]; }; then save "${1}ss.txt" "$2" ss -tulpn
  elif have ss; then run "${1}ss.txt" "$2" 'ss -tulpn' env PROC_ROOT=/proc ss -tulpn; fi
  if [ "$mode" = list ] || ! have ss; then
    for f in tcp tcp6 udp udp6; do save "${1}proc-net-$f.txt" "$2" cat "/proc/net/$f"; done
  fi
}

# ---- containers and namespaces -----------------------------------------------------------------------------------------------------
inode() { # of a namespace file or of a process' namespace: its number
  i=$(readlink "$1" 2>/dev/null); i=${i#net:[}; i=${i%]}
  case $i in ''|*[!0-9]*) i=$(stat -L -c %i "$1" 2>/dev/null);; esac
  echo "$i"
}
container() { # name id pid mode
  number=''
  [ "${3:-0}" = 0 ] || number=$(inode "/proc/$3/ns/net")
  printf '%s %s %s %s %s\n' "$1" "$2" "${3:-0}" "${number:-0}" "${4:--}" >>"$work/containers"
}
INSPECT='Id Created Name Image ImageName State.Status State.Running State.Paused State.Pid State.StartedAt Config.Hostname'
INSPECT="$INSPECT Config.Domainname Config.Image Config.ExposedPorts HostConfig.NetworkMode HostConfig.PortBindings"
INSPECT="$INSPECT HostConfig.PublishAllPorts HostConfig.Dns HostConfig.DnsSearch HostConfig.ExtraHosts HostConfig.Links"
INSPECT="$INSPECT HostConfig.Sysctls HostConfig.Privileged HostConfig.CapAdd HostConfig.CapDrop NetworkSettings Pod IsInfra"
PODS='items.id items.metadata items.state items.createdAt containers.id containers.podSandboxId containers.metadata'
PODS="$PODS containers.state containers.image status.id status.metadata status.state status.network status.linux info.pid"
left_out='environment, labels, command lines, mounts and annotations were left out (--docker-full keeps them)'
[ "$full" = 0 ] || left_out=''
engine_of() { # tool: does it answer, and was it used here before (a first use would make its folders)?
  have "$1" || return 1
  case $1 in
    podman) [ -d /run/containers ] || [ -d /var/lib/containers/storage ] || [ -d "${HOME:-/root}/.local/share/containers" ] || return 1;;
    nerdctl) [ -d /var/lib/nerdctl ] || return 1;;
  esac
  bounded "$1" ps -q >"$work/probe" 2>/dev/null
}
from_engine() { # tool prefix: docker, podman and nerdctl speak alike
  note=''
  run "once/$2-ps.txt" host "$1 ps -a --no-trunc" "$1" ps -a --no-trunc --format 'table {{.ID}}	{{.Image}}	{{.Status}}	{{.Ports}}	{{.Names}}'
  ids='' nets=''
  if [ "$mode" != list ]; then
    bounded "$1" ps -aq --no-trunc >"$work/probe" 2>/dev/null; ids=$(cat "$work/probe")
    bounded "$1" network ls -q >"$work/probe" 2>/dev/null; nets=$(cat "$work/probe")
  fi
  note=$left_out
  # shellcheck disable=SC2086
  if [ -n "$ids" ] || [ "$mode" = list ]; then run "once/$2-inspect.json" host "$1 inspect" "$1" inspect $ids; kept "once/$2-inspect.json" "$INSPECT"; fi
  note=${full%1}; [ "$full" = 1 ] || note='labels were left out (--docker-full keeps them)'
  # shellcheck disable=SC2086
  if [ -n "$nets" ] || [ "$mode" = list ]; then
    run "once/$2-network-inspect.json" host "$1 network inspect" "$1" network inspect $nets; kept "once/$2-network-inspect.json" '' '(^|[.])(Labels|labels)$'
  fi
  note='only what concerns the network and the versions'
  run "once/$2-info.txt" host "$1 info" "$1" info
  note=''
  if [ "$mode" = run ] && [ -s "$root/once/$2-info.txt" ]; then
    grep -i -E '^ *(server )?(version|storage driver|cgroup|kernel|operating system|ostype|architecture|cpus|security options|swarm|runtimes|network|live restore|firewall|default address|base:|rootless|apparmor|seccomp|cgroupns|iptables)' "$root/once/$2-info.txt" >"$work/kept"
    cat "$work/kept" >"$root/once/$2-info.txt"
  fi
  for id in $ids; do
    bounded "$1" inspect -f '{{.State.Pid}} {{.Name}} {{.HostConfig.NetworkMode}}' "$id" >"$work/probe" 2>/dev/null || continue
    read -r pid cname how <"$work/probe" || continue
    container "${cname#/}" "$id" "$pid" "$how"
  done
}
pods=''
from_cri() { # Kubernetes: pods by crictl; all containers of a pod share its namespace
  note=$left_out
  save once/crictl-pods.json host crictl pods -o json
  kept once/crictl-pods.json "$PODS"
  save once/crictl-ps.json host crictl ps -a -o json
  kept once/crictl-ps.json "$PODS"
  [ "$mode" != list ] || { run once/crictl-inspectp.json host 'crictl inspectp' crictl; return; }
  bounded crictl pods -q >"$work/probe" 2>/dev/null; pods=$(cat "$work/probe")
  : >"$work/inspectp"
  for id in $pods; do
    bounded crictl inspectp -o json "$id" >"$work/pod" 2>/dev/null || continue
    pid=$(sed -n 's/^ *"pid": *\([0-9][0-9]*\).*/\1/p' "$work/pod" | head -n 1)
    cname=$(awk '/"metadata": *\{/ { on = 1 } on && /"(name|namespace)":/ { k = $1; v = $0; sub(/^[^:]*: *"/, "", v); sub(/".*/, "", v)
      if (k ~ /namespace/) s = v; else if (n == "") n = v } on && /\}/ { print (s == "" ? "pod" : s) "." n; exit }' "$work/pod")
    [ -z "${cname#.}" ] || container "$cname" "$id" "${pid:-0}" pod
    awk -v list="$PODS" -f "$work/keep.awk" "$work/pod" >>"$work/inspectp"
  done
  [ "$mode" = run ] || return 0
  awk 'BEGIN { print "[" } NR > 1 && /^\{/ { print "," } { print } END { print "]" }' "$work/inspectp" >"$work/joined"
  run once/crictl-inspectp.json host 'crictl inspectp' cat "$work/joined"
  note=''
}
here=$(inode /proc/self/ns/net)
engine=''
if [ "$mode" = list ]; then
  from_engine docker docker
  from_cri
else
  for tool in docker podman nerdctl; do
    if engine_of "$tool"; then from_engine "$tool" "$([ -z "$engine" ] && echo docker || echo "$tool")"; engine="$engine $tool"; fi
  done
  if have crictl && bounded crictl pods -q >/dev/null 2>&1; then from_cri; engine="$engine crictl"; fi
  note=''
  if [ -z "$engine" ]; then
    for f in docker-ps.txt docker-inspect.json docker-network-inspect.json docker-info.txt; do
      missing "once/$f" host docker 'no container engine answers (docker, podman, nerdctl or crictl not installed, not running, or not permitted)'
    done
  fi
fi
printf '%s\n' "$here self host" >"$work/namespaces"
add_namespace() { # inode path name: each namespace once; the first name wins
  [ -n "$1" ] && [ "$1" != 0 ] || return 0
  grep -q "^$1 " "$work/namespaces" && return 0
  name=$(safe "$3")
  while grep -q " $name\$" "$work/namespaces"; do name="${name}_"; done
  printf '%s %s %s\n' "$1" "$2" "$name" >>"$work/namespaces"
}
if [ "$only_this" = 0 ] && [ "$mode" != list ]; then
  while read -r cname id pid number how; do
    case $how in container:*) continue;; esac
    add_namespace "$number" "/proc/$pid/ns/net" "$cname"
  done <"$work/containers"
  for f in /run/netns/* /var/run/netns/* "/run/user/$(id -u)/netns"/* /run/docker/netns/*; do
    [ -e "$f" ] && add_namespace "$(inode "$f" | grep . || stat -L -c %i "$f")" "$f" "${f##*/}"
  done
  # one ls for all processes; the first one of each namespace stands for it
  # shellcheck disable=SC2012
  ls -Li /proc/[0-9]*/ns/net 2>/dev/null | awk '$1 ~ /^[0-9]+$/ && !seen[$1]++ { print $1, $2 }' >"$work/processes"
  while read -r number f; do add_namespace "$number" "$f" "ns-$number"; done <"$work/processes"
fi

save once/uname.txt host uname -a
save once/date.txt host date -u +%s
cat >"$work/versions.sh" <<'END'
for t in ip bridge brctl iptables-legacy iptables-nft iptables nft "$@" conntrack ss tc ethtool bpftool tcpdump docker podman nerdctl crictl; do
  command -v "$t" >/dev/null 2>&1 || continue
  echo "== $t"
  case $t in ip|bridge|ss|tc) "$t" -V;; bpftool) "$t" version;; *) "$t" --version;; esac
done 2>&1
END
ipset=''
[ "$mode" = list ] || case $(module ip_set) in loaded|free) ipset=ipset;; esac # its --version asks the kernel for one, too
# shellcheck disable=SC2086
run once/versions.txt host "each tool's --version" sh "$work/versions.sh" $ipset
[ -e /proc/modules ] || [ "$mode" = list ] && save once/modules.txt host cat /proc/modules
optional=1
[ -r /etc/os-release ] || [ "$mode" = list ] && save once/os-release.txt host cat /etc/os-release
[ -r /etc/iproute2/rt_tables ] || [ "$mode" = list ] && save once/rt_tables.txt host cat /etc/iproute2/rt_tables
optional=0

into() { # path: sets enter, or fails; namespaces are entered without mounting anything
  enter=''
  [ "$1" = self ] && return 0
  if have nsenter && nsenter --net=/proc/self/ns/net true 2>/dev/null; then enter="nsenter --net=$1"
  elif have busybox && busybox nsenter --net=/proc/self/ns/net true 2>/dev/null; then enter="busybox nsenter --net=$1"
  elif have ip && [ "$allow_mounts" = 1 ]; then case $1 in /run/netns/*|/var/run/netns/*) enter="ip netns exec ${1##*/}";; esac; fi
  [ -n "$enter" ]
}
if [ "$mode" = list ]; then collect_namespace NAME; fi
while read -r number path name; do
  [ "$mode" != list ] || continue
  case " $skipped " in *" $name "*) missing "netns/$name" "$name" "--skip $name" 'left out, as was asked for'; continue;; esac
  if ! into "$path"; then
    if have nsenter; then missing "netns/$name" "$name" nsenter "needs root: other namespaces can't be read"
    else missing "netns/$name" "$name" nsenter "nsenter is not installed: other namespaces can't be read" --allow-mounts; fi
    continue
  fi
  if ! $enter true 2>"$work/stderr" </dev/null; then
    missing "netns/$name" "$name" "$enter" "can't be entered: $(head -n 1 "$work/stderr")"; continue
  fi
  [ "$mode" != run ] || echo "collect.sh: namespace $name" >&2
  collect_namespace "$name"
  dead=0
  printf '%s %s\n' "$name" "$number" >>"$work/collected"
done <"$work/namespaces"
enter=''

# ---- the capture ---------------------------------------------------------------------------------------------------------------------
ring='' ring_text=''
if [ "$pcap_ring" -gt 1 ]; then
  ring_mb=$((pcap_size * 1048576 / 1000000 / pcap_ring))
  [ "$ring_mb" -gt 0 ] || ring_mb=1
  ring="-C $ring_mb -W $pcap_ring"
  # rotated files would be opened after root was given up
  tcpdump --help 2>&1 | grep -q -e '-Z' && ring="$ring -Z root"
  ring_text="ring of $pcap_ring files of $ring_mb MB"
fi
start_capture() { # netns interface linktype
  file="captures/$1-$2.pcap"
  set -- "$1" "$2" "$3" -n -p -s "$snaplen" -B 8192 -U
  [ "$3" = - ] || set -- "$@" -y "$3"
  [ "$pcap_packets" = 0 ] || set -- "$@" -c "$pcap_packets"
  netns=$1 device=$2 linktype=$3
  shift 3
  # shellcheck disable=SC2086
  ( ulimit -f $((pcap_size * 4096)) 2>/dev/null
    exec $enter tcpdump -i "$device" "$@" $ring -w "$root/$file" ${pcap_filter:+"$pcap_filter"} ) >/dev/null 2>"$work/tcpdump.$netns-$device" </dev/null &
  last=$!
  pids="$pids $last"
  printf '%s %s %s %s\n' "$netns" "$device" "$linktype" "$last" >>"$work/running"
}
capture() { # netns path: on all interfaces at once where the capture can tell them apart (SLL2), else on each one that is up
  into "$2" || return 0
  # shellcheck disable=SC2086
  $enter tcpdump -i any -L >"$work/linktypes" 2>&1
  if grep -q LINUX_SLL2 "$work/linktypes"; then start_capture "$1" any LINUX_SLL2
  else
    # shellcheck disable=SC2086
    $enter ip -o link 2>/dev/null | grep ',UP' | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | head -n 64 >"$work/devices"
    if [ -s "$work/devices" ]; then while read -r dev; do start_capture "$1" "$dev" -; done <"$work/devices"
    else start_capture "$1" any -; fi
  fi
  enter=''
}
around() { # before or after: counters and connections of the captured namespaces
  cut -d ' ' -f 1 "$work/running" | sort -u >"$work/captured"
  while read -r name; do
    path=$(awk -v n="$name" '$3 == n { print $2; exit }' "$work/namespaces")
    into "$path" || continue
    rules "netns/$name/$1-" "$name"
    [ "$1" = before ] || connections "netns/$name/$1-" "$name"
    optional=1
    counters "netns/$name/$1-" "$name"
    optional=0
    enter=''
  done <"$work/captured"
}
alive() { while read -r name device linktype p; do kill -0 "$p" 2>/dev/null && return 0; done <"$work/running"; return 1; }
too_big() {
  while read -r name device linktype p; do
    [ -e "$root/captures/$name-$device.pcap" ] && [ "$(($(wc -c <"$root/captures/$name-$device.pcap")))" -ge $((pcap_size * 1048576)) ] && return 0
  done <"$work/running"
  return 1
}
listening() { # wait until every tcpdump listens, or has ended
  tries=0
  while [ "$tries" -lt 50 ]; do
    waiting=0
    while read -r name device linktype p; do
      grep -q 'listening on' "$work/tcpdump.$name-$device" 2>/dev/null || { kill -0 "$p" 2>/dev/null && waiting=1; }
    done <"$work/running"
    [ "$waiting" = 0 ] && break
    sleep 0.1 2>/dev/null || sleep 1
    tries=$((tries + 1))
  done
}
filed() { # path netns device linktype: a finished capture into the manifest
  drops=$(sed -n 's/^\([0-9]*\) packets dropped by kernel.*/\1/p' "$work/tcpdump.$2-$3")
  cp "$work/tcpdump.$2-$3" "$work/errors/c$2-$3"
  row captures "$1" "$2" "$3" "$4" "$pcap" "$began_capture" "${drops:-0}" "$snaplen" "$pcap_filter" "$ended_why" "$ring_text"
  row commands "$1" "$2" "tcpdump -i $3 -n -p -s $snaplen" 0 "$pcap" "c$2-$3" ''
}
file_captures() {
  while read -r name device linktype p; do
    found=0
    for f in "$root/captures/$name-$device.pcap" "$root/captures/$name-$device.pcap"[0-9]*; do
      [ -s "$f" ] || { rm -f "$f"; continue; }
      found=1
      case $f in
        *.pcap) filed "captures/$name-$device.pcap" "$name" "$device" "$linktype";;
        *) mv "$f" "$root/captures/$name-$device.ring${f##*.pcap}.pcap"
           filed "captures/$name-$device.ring${f##*.pcap}.pcap" "$name" "$device" "$linktype";;
      esac
    done
    [ "$found" = 1 ] || missing "captures/$name-$device.pcap" "$name" "tcpdump -i $device" "$(grep -v 'data link type' "$work/tcpdump.$name-$device" | head -n 1)"
  done <"$work/running"
}
wanted_namespace() { # container or namespace name: its line of $work/namespaces
  home=$(awk -v c="$1" '$1 == c { print $4 }' "$work/containers" | head -n 1)
  awk -v n="$(safe "$1")" -v i="${home:-none}" '$3 == n || $1 == i { print; exit }' "$work/namespaces"
}
capture_all() {
  printf 'host\n' >"$work/targets"
  for wanted in $pcap_in; do
    line=$(wanted_namespace "$wanted")
    if [ -z "$line" ]; then missing "captures/$(safe "$wanted")-any.pcap" "$wanted" 'tcpdump -i any' 'there is no such container or namespace'; continue; fi
    grep -qx "${line##* }" "$work/targets" || echo "${line##* }" >>"$work/targets"
  done
  began_capture=$(clock)
  while read -r name; do
    capture "$name" "$(awk -v n="$name" '$3 == n { print $2; exit }' "$work/namespaces")"
  done <"$work/targets"
  listening
  around before
  began_capture=$(clock)
  echo "collect.sh: capturing for $pcap seconds ..." >&2
  ended_why="after $pcap seconds" left=$pcap
  while [ "$left" -gt 0 ]; do
    sleep 1 &
    wait $!
    left=$((left - 1))
    if ! alive; then ended_why='tcpdump ended by itself (packet limit, or an error)'; break; fi
    if [ "$pcap_ring" -lt 2 ] && too_big; then ended_why="at $pcap_size MiB"; break; fi
  done
  while read -r name device linktype p; do kill -INT "$p" 2>/dev/null; done <"$work/running"
  while read -r name device linktype p; do wait "$p" 2>/dev/null; done <"$work/running"
  ended_capture=$(clock)
  pids=''
  around after
  file_captures
}
began_capture='' ended_capture=''
if [ "$pcap" -gt 0 ] || [ "$mode" = list ]; then
  if [ "$mode" = list ]; then printf '%s\t%s\n' captures/NAME-any.pcap "tcpdump -i any -n -p -s $snaplen"
  elif ! have tcpdump; then missing captures/host-any.pcap host 'tcpdump -i any' 'tcpdump is not installed'
  elif [ ! -e /proc/net/packet ] && [ "$allow_modules" = 0 ]; then
    missing captures/host-any.pcap host 'tcpdump -i any' "it would load the kernel's af_packet" --allow-modules
  elif [ "$mode" = dry ]; then printf 'run\t%s\t%s\n' captures/host-any.pcap "tcpdump -i any -y LINUX_SLL2 -n -p -s $snaplen (for $pcap seconds)"
  else capture_all; fi
fi
[ "$mode" = run ] || exit 0

# ---- the manifest: JSON strings are escaped by one function, and nowhere else -----------------------------------------------------------
clean_utf8() { if have iconv; then iconv -f utf-8 -t utf-8 -c 2>/dev/null; else tr -cd '\011\012\015\040-\176'; fi; }
: >"$work/sums"
have sha256sum && (cd "$root" && find . -type f | sed 's/^\.\///' | tr '\n' '\0' | xargs -0 sha256sum) >"$work/sums" 2>/dev/null
(cd "$root" && find . -type f | sed 's/^\.\///' | tr '\n' '\0' | xargs -0 wc -c) 2>/dev/null | sed 's/^ *//' >"$work/sizes"
cat >"$work/manifest.awk" <<'END'
function q(s,   i, k, r) { r = ""; for (i = 1; i <= length(s); i++) { k = substr(s, i, 1); r = r (k == "\\" || k == "\"" ? "\\" k : k in c ? c[k] : k) }
  return "\"" r "\"" }
function words(name,   t, l, m) { if (name == "") return ""; t = ""; name = work "/errors/" name
  while ((getline l < name) > 0 && length(t) < 2000) t = t (t == "" ? "" : "\n") l
  close(name); return t }
function each(list, form,   n, l, p) { n = 0
  while ((getline l < (work "/" list)) > 0) { split(l, p, "\t"); printf "%s  %s", n++ ? ",\n" : "", record(form, p) }
  if (n) print ""; close(work "/" list) }
function record(form, p,   r) {
  if (form == "command") { r = "{\"file\": " q(p[1]) ", \"netns\": " q(p[2]) ", \"command\": " q(p[3]) ", \"status\": " p[4] ", \"stderr\": " q(words(p[6])) \
    ", \"seconds\": " p[5] ", \"bytes\": " (size[p[1]] + 0) ", \"sha256\": " q(sum[p[1]]); return r (p[7] != "" ? ", \"note\": " q(p[7]) : "") "}" }
  if (form == "missing") { r = "{\"file\": " q(p[1]) ", \"netns\": " q(p[2]) ", \"command\": " q(p[3]) ", \"why\": " q(p[4] (p[5] != "" ? " (allow it with " p[5] ")" : ""))
    return r (p[5] != "" ? ", \"allow\": " q(p[5]) : "") "}" }
  return "{\"file\": " q(p[1]) ", \"netns\": " q(p[2]) ", \"interface\": " q(p[3]) ", \"linktype\": " q(p[4] == "-" ? "" : p[4]) ", \"seconds\": " p[5] \
    ", \"started\": " p[6] ", \"dropped\": " p[7] ", \"snaplen\": " p[8] ", \"filter\": " q(p[9]) ", \"ended\": " q(p[10]) \
    (p[11] != "" ? ", \"ring\": " q(p[11]) : "") ", \"payload\": " q(p[8] >= 65535 ? "whole packets" : \
    "cut: only the first " p[8] " bytes of each packet, link-layer header included, were saved") "}" }
BEGIN { for (i = 1; i < 32; i++) c[sprintf("%c", i)] = sprintf("\\u%04x", i)
  while ((getline l < (work "/sums")) > 0) { i = index(l, "  "); sum[substr(l, i + 2)] = substr(l, 1, i - 1) }
  while ((getline l < (work "/sizes")) > 0) { i = index(l, " "); size[substr(l, i + 1)] = substr(l, 1, i - 1) }
  printf "{\"schema\": \"packetpath-snapshot/1\", \"collector\": %s, \"hostname\": %s, \"kernel\": %s,\n", q(version), q(hostname), q(kernel)
  printf " \"started\": %s, \"ended\": %s, \"uid\": %s, \"options\": %s,\n", started, ended, uid, q(options)
  printf " \"clock\": {\"start\": %s, \"end\": %s, \"uptime_start\": %s, \"uptime_end\": %s, \"zone\": %s", clock_start, clock_end, uptime_start, uptime_end, q(zone)
  printf "%s},\n", began == "" ? "" : ", \"capture_start\": " began ", \"capture_end\": " (over == "" ? began : over)
  while ((getline l < (work "/containers")) > 0) { m++; split(l, p, " "); name[m] = p[1]; id[m] = p[2]; pid[m] = p[3]; home[m] = p[4]
    mode[m] = l; sub(/^[^ ]+ [^ ]+ [^ ]+ [^ ]+ /, "", mode[m]); if (mode[m] == "-") mode[m] = "" }
  printf " \"netns\": [\n"
  while ((getline l < (work "/collected")) > 0) { split(l, p, " "); where[p[2]] = p[1]
    printf "%s  {\"name\": %s, \"inode\": %s, \"dir\": %s, \"containers\": [", n++ ? ",\n" : "", q(p[1]), p[2] + 0 ? p[2] : 0, q("netns/" p[1])
    k = 0; for (i = 1; i <= m; i++) if (home[i] == p[2]) printf "%s%s", k++ ? ", " : "", q(name[i])
    printf "]}" }
  if (n) print ""
  printf " ], \"containers\": [\n"
  for (i = 1; i <= m; i++) { shares = mode[i] == "host" ? "host" : ""
    if (mode[i] ~ /^container:/) for (j = 1; j <= m; j++) if (substr(mode[i], 11) == id[j] || substr(mode[i], 11) == name[j]) shares = name[j]
    printf "%s  {\"name\": %s, \"id\": %s, \"pid\": %s, \"netns\": %s, \"mode\": %s, \"shares\": %s}", (i > 1 ? ",\n" : ""), q(name[i]), q(id[i]), \
      pid[i] + 0, q(where[home[i]]), q(mode[i]), q(shares) }
  if (m) print ""
  printf " ], \"captures\": [\n"; each("captures", "capture")
  printf " ], \"commands\": [\n"; each("commands", "command")
  printf " ], \"missing\": [\n"; each("missing", "missing")
  printf " ], \"absent\": [\n"; each("absent", "missing")
  print " ]}" }
END
options="snaplen $snaplen$([ "$allow_modules" = 0 ] || echo ', --allow-modules')$([ "$allow_mounts" = 0 ] || echo ', --allow-mounts')$([ "$full" = 0 ] || echo ', --docker-full')"
awk -v work="$work" -v version="$VERSION" -v hostname="$hostname" -v kernel="$(uname -r)" -v started="$started" -v ended="$(date +%s)" -v uid="$(id -u)" \
  -v options="$options" -v clock_start="$clock_start" -v clock_end="$(clock)" -v uptime_start="$uptime_start" -v uptime_end="$(uptime_now)" \
  -v zone="$(date +%z)" -v began="$began_capture" -v over="$ended_capture" -f "$work/manifest.awk" </dev/null >"$work/manifest.raw" &&
  clean_utf8 <"$work/manifest.raw" >"$root/manifest.json"
give_up() { echo "collect.sh: $1; nothing was left behind" >&2; exit 1; }
tail -n 1 "$root/manifest.json" 2>/dev/null | grep -q ' \]}$' || give_up "the manifest could not be written (disk full?)"
rmdir "$root/captures" 2>/dev/null
files=$(find "$root" -type f | wc -l)
{ tar -C "$work" -cf - "$top" || echo failed >"$work/failed"; } | gzip -9 >"$part" || give_up "the tarball could not be written (disk full?)"
[ ! -e "$work/failed" ] || give_up "the tarball could not be made"
held=$(gzip -dc "$part" 2>/dev/null | tar -tf - 2>/dev/null | grep -c -v '/$')
[ "$((held))" -eq "$((files))" ] || give_up "the tarball is not whole (disk full?)"
if ! chmod 600 "$part" || ! mv -f -- "$part" "$out"; then give_up "$out could not be written"; fi
echo "collect.sh: wrote $out ($(($(wc -c <"$out") / 1024)) KiB); only its owner can read it" >&2
