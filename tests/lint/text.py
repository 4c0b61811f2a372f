# SPDX-License-Identifier: Apache-2.0
"""Rules about the text of the sources: licence, marks, banned functions, layers, addresses."""

import ipaddress
import re

from tree import C, c_code, line_of, rule

SPDX = "SPDX-License-Identifier: Apache-2.0"
SPDX_LINES = 4  # a #! line and a title may stand before it
# No room for a comment, or not ours: data, generated lists, Debian's own formats.
SPDX_EXEMPT = re.compile(
    r"\.(md|json|txt|patch|diff|pem|bin|xml|lock|fc|if)$|/data/|/corpus/|/seeds/|/mutants/"
    r"|debian/(changelog|control|copyright|compat|.*\.(install|docs|examples|manpages|conffiles|dirs|links|"
    r"lintian-overrides)|source/.*|watch|salsa-ci.yml|conffiles|not-installed|clean)$"
    r"|/\.(gitignore|npmrc)$"
)
# Cut in two, so that this file does not carry them itself.
MARKS = re.compile(r"\b(" + "|".join((
    "TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK", "for " "now", "place" "holder",
    "not " "(yet )?implemented", "stub" "bed out",
)) + r")\b")
HOST_PATHS = re.compile(r"(?<![\w/.}])/(work|home/\w+)/[\w.]|\bLTAI(?!\w*(Sim|[Tt]est|Example))[0-9A-Za-z]{12,}\b")
BANNED = {
    "strcpy": "text_copy() knows the size",
    "strcat": "use a struct buf",
    "strncpy": "does not always terminate: text_copy()",
    "strncat": "use a struct buf",
    "sprintf": "use buf_printf() or snprintf()",
    "vsprintf": "use buf_printf()",
    "gets": "cannot be used safely",
    "atoi": "text_to_u64() refuses what is no number",
    "atol": "text_to_u64() refuses what is no number",
    "atoll": "text_to_u64() refuses what is no number",
    "atof": "no floating point here",
    "scanf": "overflows silently; parse by hand",
    "sscanf": "overflows silently; parse by hand",
    "fscanf": "overflows silently; parse by hand",
    "strtok": "keeps hidden state",
    "system": "no shell, ever",
    "popen": "no shell, ever",
    "alloca": "unbounded stack",
    "rand": "getrandom() for secrets, struct rng in the core",
    "srand": "getrandom() for secrets, struct rng in the core",
    "random": "getrandom() for secrets, struct rng in the core",
    "mktemp": "racy name",
    "tmpnam": "racy name",
    "tempnam": "racy name",
    "gethostbyname": "curl resolves",
    "inet_addr": "ipv4_parse() refuses what is no address",
    "inet_aton": "ipv4_parse() refuses what is no address",
    "inet_ntoa": "ipv4_format()",
    "ctime": "time_format()",
    "asctime": "time_format()",
    "localtime": "times are UTC: time_format()",
    "localtime_r": "times are UTC: time_format()",
    "setjmp": "call, test, return",
    "longjmp": "call, test, return",
    "vfork": "nothing here starts programs that way",
    "signal": "sigaction() or sd-event; only SIG_IGN and SIG_DFL are portable here",
    "sleep": "every wait is an event with a deadline",
    "usleep": "every wait is an event with a deadline",
}
TESTS_MAY = {"sscanf", "usleep", "atoi"}  # their input is their own
BANNED_CALL = re.compile(
    r"(?<![\w.>])(" + "|".join(sorted(BANNED)) + r")\s*\((?!SIG\w+, SIG_(IGN|DFL)\))"
)

# Who may include what. Arrows point down only: agent, cloud, cli -> host -> core -> util,
# and in the core engine -> format -> api.
UTIL_HEADERS = r"ecs-pubip/[\w-]+\.h|util/[\w-]+\.h"
CORE_HEADERS = rf"{UTIL_HEADERS}|core/(api|format)/[\w-]+\.h"
HOST_HEADERS = rf"{CORE_HEADERS}|host/[\w-]+\.h"
LIBC_PURE = (
    r"(assert|ctype|endian|errno|inttypes|limits|stdarg|stdbool|stddef|stdint|stdlib|string|"
    r"strings|netinet/in|arpa/inet)\.h"
)
FORMATS = r"cjson/cJSON\.h|openssl/\w+\.h|expat\.h|ini\.h"
LIBC_ANY = r"[a-z0-9_]+\.h|(sys|net|netinet|arpa|linux)/[\w/]+\.h"
LAYERS = {
    "include/ecs-pubip": rf"{CORE_HEADERS}|{LIBC_PURE}",
    "src/core": rf"{CORE_HEADERS}|{LIBC_PURE}",
    "src/core/api": rf"{UTIL_HEADERS}|core/api/[\w-]+\.(h|inc)|{LIBC_PURE}|{FORMATS}",
    "src/core/format": rf"{CORE_HEADERS}|{LIBC_PURE}|{FORMATS}",
    "src/core/engine": rf"{CORE_HEADERS}|core/engine/[\w-]+\.h|{LIBC_PURE}",
    "src/util": rf"util/[\w-]+\.h|{LIBC_ANY}",
    "src/host": rf"{HOST_HEADERS}|{LIBC_ANY}|cjson/cJSON\.h|netlink/[\w/-]+\.h",
    "src/agent": rf"{HOST_HEADERS}|agent/[\w-]+\.h|{LIBC_ANY}|systemd/[\w-]+\.h|netlink/[\w/-]+\.h"
                 r"|cjson/cJSON\.h",
    "src/cloud": rf"{HOST_HEADERS}|cloud/[\w-]+\.h|{LIBC_ANY}|curl/curl\.h|cjson/cJSON\.h"
                 r"|openssl/\w+\.h",
    "src/cli": rf"{HOST_HEADERS}|cli/[\w-]+\.h|{LIBC_ANY}|cjson/cJSON\.h",
    "src/hooks": rf"{CORE_HEADERS}|hooks/[\w-]+\.h|{LIBC_ANY}",
    "src/man": rf"{CORE_HEADERS}|{LIBC_ANY}|cjson/cJSON\.h",
}
NEVER = {
    "src/util": r"(curl|expat|ini)\.h",
    "src/host": r"(curl|expat)\.h",
    "src/agent": r"expat\.h",
    "src/cli": r"expat\.h",
}
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]+)[>\"]", re.MULTILINE)

TEST_NETWORKS = [ipaddress.ip_network(text) for text in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/3",
)]
# No socket there: what is parsed and compared never leaves.
UPPER_HALF = re.compile(r"128(\.0){3}/1\b")  # of all addresses: nobody's own
PURE_TESTS = (("tests", "unit"), ("tests", "life"), ("tests", "fuzz"))
IPV4 = re.compile(r"(?<![\w.+-])(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?![\w.-]*\d)")


@rule("spdx")
def spdx(tree):
    """Each source file names its licence in its first lines."""
    for path in tree.files(under=("src", "include", "tests", "units", "packaging", ".ci", ".")):
        name = "/" + str(path.relative_to(tree.source))
        if SPDX_EXEMPT.search(name) or path.name in ("LICENSE",) or path.name.startswith("."):
            continue
        head = path.read_text(errors="replace").splitlines()[:SPDX_LINES]
        if head and not any(SPDX in line for line in head):
            tree.complain(path, 1, f"no \"{SPDX}\" in the first {SPDX_LINES} lines")


@rule("marks")
def marks(tree):
    """No mark of unfinished work, no path of somebody's machine, nothing like an access key."""
    for path in tree.files(under=("src", "include", "tests", "units", "packaging", ".ci", ".")):
        if path.name == ".git":  # of a worktree: where it is on this machine
            continue
        text = path.read_text(errors="replace")
        for match in MARKS.finditer(text):
            tree.complain(path, line_of(text, match.start()), f"unfinished: {match.group(0)}")
        for match in HOST_PATHS.finditer(text):
            tree.complain(path, line_of(text, match.start()), f"not for others: {match.group(0)}")


@rule("banned")
def banned(tree):
    """No call of a function that has a safer neighbour."""
    for path in tree.files(*C):
        code = c_code(path.read_text())
        for match in BANNED_CALL.finditer(code):
            name = match.group(1)
            if name in TESTS_MAY and "tests" in path.parts:
                continue
            tree.complain(path, line_of(code, match.start()), f"{name}(): {BANNED[name]}")


def layer_of(tree, path):
    name = str(path.relative_to(tree.source))
    return max((layer for layer in LAYERS if name.startswith(layer + "/")), key=len, default=None)


@rule("layers")
def layers(tree):
    """Arrows point down only: agent, cloud, cli -> host -> core -> util; no I/O header in the core."""
    for path in tree.files(*C, under=("src", "include")):
        layer = layer_of(tree, path)
        text = path.read_text()
        if layer is None:
            tree.complain(path, 1, f"in no layer: there are {', '.join(LAYERS)}")
            continue
        for match in INCLUDE.finditer(text):
            header, line = match.group(1), line_of(text, match.start(1))
            if (path.parent / header).exists():
                header = f"{path.parent.relative_to(tree.source / 'src')}/{header}"
            never = NEVER.get(layer)
            if not re.fullmatch(LAYERS[layer], header) or never and re.fullmatch(never, header):
                tree.complain(path, line, f"{layer} must not include {header}")


@rule("one-runtime")
def one_runtime(tree):
    """Only agent/runtime*.c knows both the state machine and the adapters."""
    for path in tree.files(".c", under=("src/agent",)):
        headers = set(INCLUDE.findall(path.read_text()))
        others = {h for h in headers if h.startswith("agent/") and h != f"agent/{path.stem}.h"}
        if "ecs-pubip/engine.h" in headers and others and not path.stem.startswith("runtime"):
            tree.complain(path, 1, f"engine.h beside {', '.join(sorted(others))}: "
                                   "that is the runtime's place")


@rule("agent-offline")
def agent_offline(tree):
    """The agent opens no internet socket and resolves no name."""
    calls = re.compile(r"\b(socket\s*\(\s*[AP]F_INET6?|getaddrinfo\s*\(|bind\s*\(\s*.*AF_INET)")
    for path in tree.files(*C, under=("src/agent", "src/cli")):
        code = c_code(path.read_text())
        for match in calls.finditer(code):
            tree.complain(path, line_of(code, match.start()), f"{match.group(0)}…: internet is "
                                                              "the cloud process's business")


# Each waits: for the reader of a queue or a pipe, for a bus, for another process.
BLOCKING = re.compile(
    r"\b(sd_(?:pid_)?notifyf?(?:_barrier)?|sd_journal_\w+|sd_event_set_watchdog|sd_bus_call|"
    r"sd_bus_call_method|sd_bus_flush|sd_bus_flush_close_unref|syslog|perror|printf|puts|fputs|"
    r"fprintf|vfprintf|dprintf|poll|select|nanosleep|clock_nanosleep|waitpid)\s*\(|\bstderr\b"
)
BLOCKING_SOCKET = re.compile(r"\bsocket\s*\(\s*AF_UNIX(?![^;]*SOCK_NONBLOCK)[^;]*;")
# main.c speaks of its options before there is a loop, journal.c has a last word after it, with a limit.
MAY_BLOCK = {"main.c": {"stderr", "puts", "fprintf"}, "datagram.c": {"poll"}}


@rule("nonblocking")
def nonblocking(tree):
    """Nothing that the agent's loop calls waits for somebody to read."""
    for path in tree.files(*C, under=("src/agent",)):
        code = c_code(path.read_text())
        for match in [*BLOCKING.finditer(code), *BLOCKING_SOCKET.finditer(code)]:
            name = match.group(1) if match.re is BLOCKING and match.group(1) else match.group(0)
            if name not in MAY_BLOCK.get(path.name, ()):
                tree.complain(path, line_of(code, match.start()), f"{name} waits: design 6")


@rule("addresses")
def addresses(tree):
    """Every IPv4 literal is private, the cloud's own, or of a documentation range."""
    for path in tree.files(".c", ".h", ".py", ".sh", ".md", ".conf", ".json", ".service",
                           under=("src", "include", "tests", "units", "packaging", ".")):
        if path.relative_to(tree.source).parts[:2] in PURE_TESTS:
            continue
        text = path.read_text(errors="replace")
        for match in IPV4.finditer(text):
            line = line_of(text, match.start())
            try:
                address = ipaddress.ip_address(match.group(1))
            except ValueError:
                continue  # a test of what is no address
            if UPPER_HALF.match(text, match.start()):
                continue
            if not any(address in network for network in TEST_NETWORKS):
                tree.complain(path, line, f"{address} may belong to somebody")
