"""One text, many outputs: a terminal's transcript, or outputs pasted one after the other under headings, parted at each command."""

import re
from dataclasses import dataclass

from snapshot.naming import Place, command

# a prompt that is surely one: user@host..., [user@host dir]#, host:~ #, bash-5.1$
_PROMPT = re.compile(
    r"^\s*(?:\([\w. -]+\)\s*)?(?:\[?[\w.+-]+@[\w.-]+(?:[: ][^#$%>\n]{0,80})?\]?"
    r"|[\w.-]+:[~/][\w./~ -]{0,60}|(?:ba|da|z|k)?sh-[\d.]+)\s?[#$%>]\s*(?P<command>\S.*)?$"
)
# what may stand before a command that is known: $ # + > === --- *** ### >>> Command: ==>
_LEAD = re.compile(
    r"^\s*(?:[#$+>%]|[=*#>-]{2,}\[?|==>|(?:Command|command|CMD|Output of|output of|Running|Executing)\s*:?|\d+[.)])\s*"
    r"(?P<command>[\w/.\"'`].*?)\s*(?:\s[=*#<-]{2,}|<==|\]=*|:)?\s*$"
)
_BARE = re.compile(
    r"^(?:sudo )?(?:/\S*/)?(?:ip|bridge|brctl|ip6?tables(?:-(?:legacy|nft))?(?:-save)?|ipset|conntrack|ss|sysctl"
    r"|nft|docker|podman|nerdctl|ifconfig|route|arp|netstat"
    r"|cat /proc/net/\w+)(?: [\w@:./-]+| \"?\$\(docker [^)]*\)\"?){0,9}$"
)


MAX_LINES, MAX_SECTIONS = 500_000, 500  # beyond, a text is a log and no transcript of these commands


@dataclass(frozen=True, slots=True)
class Section:
    """One command's output. `line` is where it starts (from 1); `text` keeps its line numbers by the empty lines before it."""

    command: str
    place: Place | None
    line: int
    text: str


def sections(text: str) -> tuple[Section, ...]:
    """The outputs in a text; a text without any heading is one section with an empty command."""
    lines = text.split("\n", MAX_LINES)[:MAX_LINES]
    heads = [(number, found) for number, line in enumerate(lines) if (found := _heading(line)) is not None]
    if not heads:
        return (Section("", None, 1, text),)
    parts: list[Section] = []
    if any(line.strip() for line in lines[: heads[0][0]]):
        parts.append(Section("", None, 1, "\n".join(lines[: heads[0][0]])))
    for (number, typed), (following, _) in zip(heads[:MAX_SECTIONS], [*heads[1:], (len(lines), "")], strict=False):
        held = command(typed) if typed else None
        body = "\n" * (number + 1) + "\n".join(lines[number + 1 : following]) if held is not None else ""
        parts.append(Section(typed, held, number + 2, body))
    return tuple(parts)


def _heading(line: str) -> str | None:
    """The command that a line announces ("" for a prompt with nothing behind it, or with a command that tells nothing)."""
    if len(line) > 300 or not line.strip():
        return None
    prompt = _PROMPT.match(line)
    if prompt is not None and not re.match(r"\s*\d+: ", line):
        return prompt["command"] or ""
    lead = _LEAD.match(line)
    if lead is not None and command(lead["command"]) is not None and _like_typed(lead["command"]):
        return lead["command"]
    bare = line.strip().strip("`").removesuffix(":")
    if _BARE.match(bare) and not line[0].isspace() and command(bare) is not None:
        return bare
    return None


def _like_typed(text: str) -> bool:
    """A heading names a command and nothing else: no sentence, no output line."""
    return _BARE.match(re.split(r"\s*(?:[|>&;]|2>)", text.strip().strip("`\"'"), maxsplit=1)[0]) is not None or text.startswith(
        ("ip netns exec ", "sudo ", "nsenter ", "docker exec ")
    )
