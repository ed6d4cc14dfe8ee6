#!/bin/sh
# packetpath collector: saves what this host's network tools print, and optionally a capture, into one tarball.
# POSIX sh (dash, bash, busybox ash). It changes nothing on the host: it only reads, and loads no kernel module on purpose.
# usage: sudo sh collect.sh [-o FILE] [--pcap SECONDS] [--pcap-in NAME]... [--netns this] [--skip NAME]... [--timeout SECONDS]
# shellcheck disable=SC2317
set -u
umask 077
LC_ALL=C
export LC_ALL
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
export PATH
VERSION=0.1.0

out='' pcap=0 pcap_in='' only_this=0 limit=20 skipped=''
usage() {
  cat <<'END'
usage: sh collect.sh [options]      (as root for everything; without root it saves what it can)
  -o FILE            name of the tarball (default: packetpath-HOST-TIME.tar.gz here)
  --pcap SECONDS     also capture on all interfaces of this namespace for so long (tcpdump -i any)
  --pcap-in NAME     capture in this container or namespace too (repeatable; needs --pcap)
  --netns this       only the namespace that it runs in, no others
  --skip NAME        leave this container or namespace out (repeatable)
  --timeout SECONDS  how long one command may take (default 20)
  --version, -h
END
}
die() { echo "collect.sh: $*" >&2; exit 2; }
number() { case $2 in ''|*[!0-9]*) die "$1 wants a number of seconds, not '$2'";; esac; }
while [ $# -gt 0 ]; do
  case $1 in
    -o) [ $# -ge 2 ] || die "-o wants a file name"; out=$2; shift;;
    --pcap) [ $# -ge 2 ] || die "--pcap wants seconds"; number --pcap "$2"; pcap=$2; shift;;
    --pcap-in) [ $# -ge 2 ] || die "--pcap-in wants a name"; pcap_in="$pcap_in $2"; shift;;
    --skip) [ $# -ge 2 ] || die "--skip wants a name"; skipped="$skipped $2"; shift;;
    --netns) [ "${2:-}" = this ] || die "--netns knows only 'this'"; only_this=1; shift;;
    --timeout) [ $# -ge 2 ] || die "--timeout wants seconds"; number --timeout "$2"; limit=$2; shift;;
    --version) echo "packetpath collector $VERSION"; exit 0;;
    -h|--help) usage; exit 0;;
    *) usage >&2; die "unknown option $1";;
  esac
  shift
done

have() { command -v "$1" >/dev/null 2>&1; }
hostname=$(hostname 2>/dev/null || cat /proc/sys/kernel/hostname 2>/dev/null || echo unknown)
safe() { printf '%s' "$1" | tr -c 'A-Za-z0-9_.-' '_' | sed 's/^\.*$/_/; s/^-/_/'; }
[ -n "$out" ] || out="packetpath-$(safe "$hostname")-$(date -u +%Y%m%dT%H%M%SZ).tar.gz"
outdir=$(dirname -- "$out")
[ -d "$outdir" ] || die "$outdir: no such directory"
[ -w "$outdir" ] || die "$outdir: can't write there"
part="$out.partial.$$"
top=$(basename -- "$out"); top=$(safe "${top%.tar.gz}")
work=$(mktemp -d "${TMPDIR:-/tmp}/packetpath.XXXXXX") || die "no temporary directory"
root="$work/$top"
mkdir -p "$root/once" "$root/netns" "$root/captures" || die "can't write into $work"
pids=''
clean() {
  for p in $pids; do kill "$p" 2>/dev/null; done
  rm -rf "$work" "$part"
}
trap clean EXIT
trap 'echo "collect.sh: interrupted, nothing was written" >&2; exit 130' INT TERM HUP
started=$(date +%s)

# ---- the manifest: JSON strings are escaped here, and nowhere else --------------------------------------------------
json() {
  printf '%s' "$1" | tr -d '\000' | awk 'BEGIN { ORS = ""; for (i = 1; i < 32; i++) c[sprintf("%c", i)] = sprintf("\\u%04x", i) }
    { if (NR > 1) printf "\\n"; s = $0; r = ""; n = length(s)
      for (i = 1; i <= n; i++) { k = substr(s, i, 1); if (k == "\\" || k == "\"") r = r "\\" k; else if (k in c) r = r c[k]; else r = r k }
      printf "%s", r }'
}
clean_utf8() { if have iconv; then iconv -f utf-8 -t utf-8 -c 2>/dev/null; else tr -cd '\011\012\015\040-\176'; fi; }
note_command() { # file netns command status stderr-file seconds
  bytes=$(($(wc -c <"$root/$1")))
  sum=''
  if have sha256sum; then sum=$(sha256sum <"$root/$1"); sum=${sum%% *}; fi
  err=$(head -c 2000 "$5" 2>/dev/null | clean_utf8)
  printf '  {"file": "%s", "netns": "%s", "command": "%s", "status": %s, "stderr": "%s", "seconds": %s, "bytes": %s, "sha256": "%s"}\n' \
    "$(json "$1")" "$(json "$2")" "$(json "$3")" "$4" "$(json "$err")" "$6" "$bytes" "$sum" >>"$work/commands"
}
note_missing() { # file netns command why
  printf '  {"file": "%s", "netns": "%s", "command": "%s", "why": "%s"}\n' "$(json "$1")" "$(json "$2")" "$(json "$3")" "$(json "$4")" >>"$work/missing"
}
: >"$work/commands"; : >"$work/missing"; : >"$work/namespaces"; : >"$work/containers"; : >"$work/captures"

# ---- one command, with a time limit ---------------------------------------------------------------------------------
bounded() { # run "$@" for at most $limit seconds
  if have timeout; then
    timeout "$limit" "$@" </dev/null
  else
    "$@" </dev/null &
    job=$!
    ( sleep "$limit"; kill -9 "$job" ) >/dev/null 2>&1 &
    guard=$!
    wait "$job"; code=$?
    kill "$guard" 2>/dev/null
    return $code
  fi
}
enter=''  # how to get into the current namespace: empty, or nsenter --net=...
save() { # file netns command...
  file=$1 ns=$2
  shift 2
  if ! have "$1"; then note_missing "$file" "$ns" "$*" "$1 is not installed"; return 1; fi
  mkdir -p "$(dirname -- "$root/$file")"
  began=$(date +%s)
  # shellcheck disable=SC2086
  bounded $enter "$@" >"$root/$file" 2>"$work/stderr"
  code=$?
  took=$(($(date +%s) - began))
  note_command "$file" "$ns" "$*" "$code" "$work/stderr" "$took"
  if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then
    note_missing "$file" "$ns" "$*" "took longer than $limit seconds and was ended"
  elif [ "$code" -ne 0 ] && [ ! -s "$root/$file" ]; then
    note_missing "$file" "$ns" "$*" "failed with status $code: $(head -n 1 "$work/stderr" | clean_utf8)"
  fi
  return 0
}
skip() { note_missing "$1" "$2" "$3" "$4"; }
loaded() { [ -d "/sys/module/$1" ] || grep -q "^$1 " /proc/modules 2>/dev/null; }
# a table list in /proc says that the legacy back-end is in use; asking it otherwise could load its module
legacy() { # file netns tool list
  # shellcheck disable=SC2086
  if [ -n "$($enter cat "/proc/net/$4" 2>/dev/null)" ]; then
    save "$1" "$2" "$3" -c
  elif ! have "$3"; then
    skip "$1" "$2" "$3 -c" "$3 is not installed"
  elif [ "$(id -u)" -ne 0 ]; then
    skip "$1" "$2" "$3 -c" "needs root"
  else
    mkdir -p "$root/netns/$2"; : >"$root/$1"; : >"$work/stderr"
    note_command "$1" "$2" "$3 -c (not run: /proc/net/$4 names no table, so there is no legacy rule)" 0 "$work/stderr" 0
  fi
}

collect_namespace() { # name
  n=$1 d=netns/$1
  mkdir -p "$root/$d"
  save "$d/ip-link.json" "$n" ip -d -j link
  save "$d/ip-link.txt" "$n" ip -d link
  save "$d/ip-addr.json" "$n" ip -d -j addr
  save "$d/ip-addr.txt" "$n" ip -d addr
  save "$d/ip-4-route.json" "$n" ip -4 -d -j route show table all
  save "$d/ip-4-route.txt" "$n" ip -4 -d route show table all
  save "$d/ip-6-route.json" "$n" ip -6 -d -j route show table all
  save "$d/ip-6-route.txt" "$n" ip -6 -d route show table all
  save "$d/ip-4-rule.json" "$n" ip -4 -j rule
  save "$d/ip-4-rule.txt" "$n" ip -4 rule
  save "$d/ip-6-rule.json" "$n" ip -6 -j rule
  save "$d/ip-6-rule.txt" "$n" ip -6 rule
  save "$d/ip-neigh.json" "$n" ip -j neigh
  save "$d/ip-neigh.txt" "$n" ip neigh
  save "$d/bridge-link.json" "$n" bridge -d -j link
  save "$d/bridge-link.txt" "$n" bridge -d link
  save "$d/bridge-fdb.json" "$n" bridge -j fdb
  save "$d/bridge-fdb.txt" "$n" bridge fdb
  save "$d/bridge-vlan.json" "$n" bridge -j vlan
  save "$d/bridge-vlan.txt" "$n" bridge vlan
  # brctl reads /sys, which shows the namespace that it was mounted in: elsewhere it would tell of the wrong one
  if [ "$n" = host ]; then save "$d/brctl-show.txt" "$n" brctl show; fi
  rules "$d/" "$n"
  save "$d/nft-ruleset.txt" "$n" nft -a list ruleset
  save "$d/nft-ruleset.json" "$n" nft -j list ruleset
  if loaded ip_set; then save "$d/ipset-save.txt" "$n" ipset save
  else skip "$d/ipset-save.txt" "$n" "ipset save" "the kernel's ip_set is not loaded: there are no sets"; fi
  connections "$d/" "$n"
  save "$d/ss.txt" "$n" ss -tulpn
  sysctls "$d/sysctl.txt" "$n"
  save "$d/netns-list-id.txt" "$n" ip netns list-id
}
rules() { # prefix netns: iptables of both back-ends, each named for what it is
  legacy "${1}iptables-legacy-save.txt" "$2" iptables-legacy-save ip_tables_names
  legacy "${1}ip6tables-legacy-save.txt" "$2" ip6tables-legacy-save ip6_tables_names
  if have iptables-nft-save; then
    save "${1}iptables-nft-save.txt" "$2" iptables-nft-save -c
    save "${1}ip6tables-nft-save.txt" "$2" ip6tables-nft-save -c
  elif ! have iptables-legacy-save; then
    save "${1}iptables-save.txt" "$2" iptables-save -c
    save "${1}ip6tables-save.txt" "$2" ip6tables-save -c
  else
    skip "${1}iptables-nft-save.txt" "$2" "iptables-nft-save -c" "iptables-nft-save is not installed"
  fi
}
connections() { # prefix netns
  if ! loaded nf_conntrack && [ ! -e /proc/sys/net/netfilter/nf_conntrack_max ]; then
    skip "${1}conntrack-4.txt" "$2" "conntrack -L" "the kernel's nf_conntrack is not loaded: no connection is tracked"
  elif have conntrack; then
    save "${1}conntrack-4.txt" "$2" conntrack -L -f ipv4 -o extended
    save "${1}conntrack-6.txt" "$2" conntrack -L -f ipv6 -o extended
  elif [ -r /proc/net/nf_conntrack ]; then
    save "${1}proc-nf_conntrack.txt" "$2" cat /proc/net/nf_conntrack
  else
    skip "${1}conntrack-4.txt" "$2" "conntrack -L" "conntrack is not installed, and /proc/net/nf_conntrack can't be read"
  fi
}
sysctls() { # file netns: every net.* value
  began=$(date +%s)
  # one reader for all of them; dots and slashes of a path change places, as sysctl(8) prints them
  cat >"$work/sysctls.sh" <<'END'
grep -rs '' /proc/sys/net 2>/dev/null | sort | awk '{
  i = index($0, ":"); k = substr($0, 11, i - 11); v = substr($0, i + 1); r = ""
  for (j = 1; j <= length(k); j++) { c = substr(k, j, 1); r = r (c == "/" ? "." : c == "." ? "/" : c) }
  gsub(/\t/, " ", v); print r " = " v }'
END
  # shellcheck disable=SC2086
  bounded $enter sh "$work/sysctls.sh" >"$root/$1" 2>"$work/stderr"
  code=$?
  note_command "$1" "$2" "every file below /proc/sys/net" "$code" "$work/stderr" "$(($(date +%s) - began))"
}

# ---- containers and namespaces --------------------------------------------------------------------------------------
engine=''
for tool in docker podman; do
  if have "$tool" && bounded "$tool" ps -q >/dev/null 2>&1; then engine=$tool; break; fi
done
inode() { # of a namespace file or of a process' namespace: its number
  i=$(readlink "$1" 2>/dev/null); i=${i#net:[}; i=${i%]}
  case $i in ''|*[!0-9]*) i=$(stat -L -c %i "$1" 2>/dev/null);; esac
  echo "$i"
}
here=$(inode /proc/self/ns/net)
if [ -n "$engine" ]; then
  ids=$("$engine" ps -aq --no-trunc 2>/dev/null)
  save once/docker-ps.txt host "$engine" ps -a --no-trunc
  # shellcheck disable=SC2086
  [ -z "$ids" ] || save once/docker-inspect.json host "$engine" inspect $ids
  # shellcheck disable=SC2046
  save once/docker-network-inspect.json host "$engine" network inspect $("$engine" network ls -q 2>/dev/null)
  save once/docker-info.txt host "$engine" info
  for id in $ids; do
    line=$("$engine" inspect -f '{{.State.Pid}} {{.Name}} {{.HostConfig.NetworkMode}}' "$id" 2>/dev/null) || continue
    pid=${line%% *}; line=${line#* }; cname=${line%% *}; mode=${line#* }
    cname=${cname#/}
    number=''
    [ "$pid" = 0 ] || number=$(inode "/proc/$pid/ns/net")
    printf '%s %s %s %s %s\n' "$cname" "$id" "$pid" "${number:-0}" "$mode" >>"$work/containers"
  done
else
  for f in docker-ps.txt docker-inspect.json docker-network-inspect.json docker-info.txt; do
    skip "once/$f" host "docker" "no container engine answers (docker or podman not installed, not running, or not permitted)"
  done
fi
printf '%s\n' "$here self host" >"$work/namespaces"
add_namespace() { # inode path name: each namespace once; the first name wins
  [ -n "$1" ] && [ "$1" != 0 ] || return 0
  grep -q "^$1 " "$work/namespaces" && return 0
  name=$(safe "$3")
  while grep -q " $name\$" "$work/namespaces"; do name="${name}_"; done
  printf '%s %s %s\n' "$1" "$2" "$name" >>"$work/namespaces"
}
if [ "$only_this" = 0 ]; then
  while read -r cname id pid number mode; do
    case $mode in container:*) continue;; esac
    add_namespace "$number" "/proc/$pid/ns/net" "$cname"
  done <"$work/containers"
  for f in /run/netns/* /var/run/netns/*; do
    [ -e "$f" ] && add_namespace "$(inode "$f" | grep . || stat -L -c %i "$f")" "$f" "${f##*/}"
  done
  for f in /proc/[0-9]*/ns/net; do
    i=$(inode "$f"); [ -n "$i" ] && add_namespace "$i" "$f" "ns-$i"
  done
fi

save once/uname.txt host uname -a
save once/date.txt host date -u +%s
{ for t in ip bridge brctl iptables-legacy iptables-nft iptables nft ipset conntrack ss tcpdump docker podman; do
    have "$t" || continue
    echo "== $t"; case $t in ip|bridge|ss) bounded "$t" -V;; conntrack|brctl|iptables*|nft|ipset|docker|podman|tcpdump) bounded "$t" --version;; esac
  done; } >"$root/once/versions.txt" 2>&1
: >"$work/stderr"; note_command once/versions.txt host "each tool's --version" 0 "$work/stderr" 0
save once/modules.txt host cat /proc/modules

while read -r number path name; do
  case " $skipped " in *" $name "*) skip "netns/$name" "$name" "--skip $name" "left out, as was asked for"; continue;; esac
  if [ "$path" = self ]; then enter=''; else
    enter="nsenter --net=$path"
    if ! have nsenter; then skip "netns/$name" "$name" "nsenter" "nsenter is not installed: other namespaces can't be read"; continue; fi
    if ! $enter true 2>"$work/stderr"; then
      skip "netns/$name" "$name" "$enter" "can't be entered: $(head -n 1 "$work/stderr" | clean_utf8)"; continue
    fi
  fi
  echo "collect.sh: namespace $name" >&2
  collect_namespace "$name"
  printf '%s %s\n' "$name" "$number" >>"$work/collected"
done <"$work/namespaces"
enter=''

# ---- the capture ----------------------------------------------------------------------------------------------------
capture() { # netns path
  file="captures/$1-any.pcap"
  if [ "$2" = self ]; then how=''; else how="nsenter --net=$2"; fi
  linktype=LINUX_SLL2
  # shellcheck disable=SC2086
  $how tcpdump -i any -L 2>&1 | grep -q LINUX_SLL2 || linktype=LINUX_SLL
  # shellcheck disable=SC2086
  $how tcpdump -i any -y "$linktype" -n -p -s 262144 -B 8192 -U -w "$root/$file" >/dev/null 2>"$work/tcpdump.$1" </dev/null &
  last=$!
  pids="$pids $last"
  printf '%s %s %s %s\n' "$1" "$file" "$linktype" "$last" >>"$work/running"
}
if [ "$pcap" -gt 0 ]; then
  if ! have tcpdump; then
    skip captures/host-any.pcap host "tcpdump -i any" "tcpdump is not installed"
  else
    : >"$work/running"
    began=$(date +%s)
    capture host self
    for wanted in $pcap_in; do
      home=$(awk -v c="$wanted" '$1 == c { print $4 }' "$work/containers" | head -n 1)
      line=$(awk -v n="$(safe "$wanted")" -v i="${home:-none}" '$3 == n || $1 == i { print; exit }' "$work/namespaces")
      if [ -z "$line" ]; then skip "captures/$(safe "$wanted")-any.pcap" "$wanted" "tcpdump -i any" "there is no such container or namespace"; continue; fi
      name=${line##* }; rest=${line#* }
      [ "$name" = host ] || capture "$name" "${rest% *}"
    done
    tries=0
    while [ "$tries" -lt 50 ]; do
      waiting=0
      while read -r name file linktype p; do
        grep -q 'listening on' "$work/tcpdump.$name" 2>/dev/null || { kill -0 "$p" 2>/dev/null && waiting=1; }
      done <"$work/running"
      [ "$waiting" = 0 ] && break
      sleep 0.1 2>/dev/null || sleep 1
      tries=$((tries + 1))
    done
    echo "collect.sh: capturing for $pcap seconds ..." >&2
    sleep "$pcap" &
    wait $!
    while read -r name file linktype p; do kill -INT "$p" 2>/dev/null; done <"$work/running"
    while read -r name file linktype p; do
      wait "$p" 2>/dev/null
      if [ -s "$root/$file" ]; then
        drops=$(sed -n 's/^\([0-9]*\) packets dropped by kernel.*/\1/p' "$work/tcpdump.$name")
        printf '  {"file": "%s", "netns": "%s", "interface": "any", "linktype": "%s", "seconds": %s, "started": %s, "dropped": %s}\n' \
          "$file" "$(json "$name")" "$linktype" "$pcap" "$began" "${drops:-0}" >>"$work/captures"
        note_command "$file" "$name" "tcpdump -i any -y $linktype -n -p -s 262144" 0 "$work/tcpdump.$name" "$pcap"
      else
        skip "$file" "$name" "tcpdump -i any" "$(head -n 1 "$work/tcpdump.$name" | clean_utf8)"
        rm -f "$root/$file"
      fi
    done <"$work/running"
    pids=''
    rules netns/host/after- host
    connections netns/host/after- host
    while read -r name file linktype p; do
      [ "$name" = host ] && continue
      path=$(awk -v n="$name" '$3 == n { print $2; exit }' "$work/namespaces")
      enter="nsenter --net=$path"
      connections "netns/$name/after-" "$name"
      enter=''
    done <"$work/running"
  fi
fi

# ---- the manifest and the tarball -----------------------------------------------------------------------------------
joined() { sed '$!s/$/,/' "$1"; }
{
  printf '{"schema": "packetpath-snapshot/1", "collector": "%s", "hostname": "%s", "kernel": "%s",\n' "$VERSION" "$(json "$hostname")" "$(json "$(uname -r)")"
  printf ' "started": %s, "ended": %s, "uid": %s, "netns": [\n' "$started" "$(date +%s)" "$(id -u)"
  [ -e "$work/collected" ] || : >"$work/collected"
  while read -r name number; do
    list=''
    while read -r cname id pid home mode; do
      if [ "$home" = "$number" ]; then list="$list${list:+, }\"$(json "$cname")\""; fi
    done <"$work/containers"
    printf '  {"name": "%s", "inode": %s, "dir": "netns/%s", "containers": [%s]}\n' "$(json "$name")" "${number:-0}" "$(json "$name")" "$list"
  done <"$work/collected" | sed '$!s/$/,/'
  printf ' ], "containers": [\n'
  while read -r cname id pid home mode; do
    shares=''
    case $mode in host) shares=host;; container:*) shares=${mode#container:}; shares=$(awk -v i="$shares" '$2 == i || $1 == i { print $1; exit }' "$work/containers");; esac
    name=$(awk -v i="$home" '$2 == i { print $1; exit }' "$work/collected")
    printf '  {"name": "%s", "id": "%s", "pid": %s, "netns": "%s", "mode": "%s", "shares": "%s"}\n' "$(json "$cname")" "$id" "${pid:-0}" "$(json "$name")" "$(json "$mode")" "$(json "$shares")"
  done <"$work/containers" | sed '$!s/$/,/'
  printf ' ], "captures": [\n'; joined "$work/captures"
  printf ' ], "commands": [\n'; joined "$work/commands"
  printf ' ], "missing": [\n'; joined "$work/missing"
  printf ' ]}\n'
} >"$root/manifest.json"
rmdir "$root/captures" 2>/dev/null
if tar -C "$work" -cf - "$top" | gzip -9 >"$part" && gzip -t "$part" 2>/dev/null && mv -- "$part" "$out"; then
  echo "collect.sh: wrote $out ($(($(wc -c <"$out") / 1024)) KiB)" >&2
else
  echo "collect.sh: the tarball could not be written (disk full?); nothing was left behind" >&2
  exit 1
fi
