# SPDX-License-Identifier: Apache-2.0
"""Rules about how files stand to each other: arrows, names, predicates, headers, comments.

Functions are found as clang-format lays them out: the head begins in column 0 and ends with " {",
the body ends with "}" in column 0.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property

from tree import C, COMMENT, c_code, line_of, rule

FUNCTION = re.compile(
    r"^(?P<head>(?:static )?(?:inline )?(?:_\w+_(?:\(\w+\))? )?[A-Za-z_][\w ]*?[ *]+(?P<name>\w+)\("
    r"(?P<arguments>[^;{}]*?)\)) \{\n(?P<body>.*?)^\}", re.MULTILINE | re.DOTALL)
WORD = re.compile(r"[A-Za-z_]\w+")
NAME = re.compile(r"(?<![.\w])(?<!->)[A-Za-z_]\w*(?!\w|\s*=[^=])")  # not a member


@dataclass
class Function:
    name: str
    path: object
    line: int
    head: str
    body: str
    uses: set = field(default_factory=set)  # functions named in it, called or in a table

    @property
    def is_static(self):
        return self.head.startswith("static ")


class Code:
    """All functions below some folders and who names whom."""

    def __init__(self, tree, under=("src",)):
        self.functions = []
        self.tables = {}  # path -> what stands outside of functions
        for path in tree.files(".c", under=under):
            text = c_code(path.read_text())
            self.tables[path] = FUNCTION.sub("", text)
            self.functions += [
                Function(match["name"], path, line_of(text, match.start("name")),
                         " ".join(match["head"].split()), match["body"])
                for match in FUNCTION.finditer(text)
            ]
        for function in self.functions:
            known = self.seen_from(function.path)
            words = set(NAME.findall(function.body)) - {function.name}
            function.uses = {known[word].name for word in words if word in known}

    @cached_property
    def public(self):
        return {f.name: f for f in self.functions if not f.is_static}

    def seen_from(self, path):
        own = {f.name: f for f in self.functions if f.path == path}
        return {**self.public, **own}

    def arrows(self):
        """{(from, to): "caller -> callee"} between files."""
        found = {}
        for path, text in self.tables.items():
            for word in set(NAME.findall(text)):
                target = self.public.get(word)
                if target and target.path != path:
                    found.setdefault((path, target.path), f"a table -> {word}")
        for function in self.functions:
            own = {f.name for f in self.functions if f.path == function.path}
            for name in function.uses - own:
                found.setdefault((function.path, self.public[name].path), f"{function.name} -> {name}")
        return found


def circles(nodes, arrows):
    """Strongly connected sets of two nodes and more."""
    after = {node: [b for a, b in arrows if a == node] for node in nodes}

    def reach(start):
        seen, todo = set(), [start]
        while todo:
            for node in after[todo.pop()]:
                if node not in seen:
                    seen.add(node)
                    todo.append(node)
        return seen

    reached = {node: reach(node) for node in nodes}
    found = []
    for node in sorted(nodes):
        circle = {other for other in reached[node] if node in reached[other]}
        if len(circle) > 1 and circle not in found:
            found.append(circle)
    return found


@rule("circles")
def no_circles(tree):
    """Files call each other in one direction only."""
    code = Code(tree)
    arrows = code.arrows()
    for circle in circles(set(code.tables), arrows):
        inside = [f"{a.name}: {why} ({b.name})" for (a, b), why in sorted(arrows.items())
                  if a in circle and b in circle]
        tree.complain(sorted(circle)[0], 0, "a circle of files: " + "; ".join(inside))


def has_noun(function):
    """The file's first word or, where the room is the noun (engine/status.c), the room's."""
    nouns = (function.path.stem.split("_")[0], function.path.parent.name.split("_")[0])
    return any(function.name == noun or function.name.startswith(noun + "_") for noun in nouns)


@rule("nouns")
def nouns(tree):
    """What a file gives to others carries the file's noun."""
    for function in Code(tree).functions:
        if not function.is_static and function.name != "main" and not has_noun(function):
            tree.complain(function.path, function.line, f"{function.name}() has not its file's noun")


PREDICATE = re.compile(r"(^|_)(is|has|may|can|must|was|are)_")
# Through a pointer that is not the caller's place for the result.
WRITES = re.compile(r"\b(?!ret\b|s\b)\w+(?:->\w+|\[[^]]*\])*->[\w.]+(?:\[[^]]*\])?\s*(?:[-+|&^]|<<|>>)?=(?!=)"
                    r"|->[\w.]+(?:\[[^]]*\])?(?:\+\+|--)|(?:\+\+|--)\w+->")


@rule("predicates")
def predicates(tree):
    """A bool function whose name asks something changes nothing, nor does what it calls."""
    code = Code(tree, under=("src/core", "src/agent", "src/host", "src/cloud", "src/cli"))

    def effect(function, seen):
        if WRITES.search(function.body):
            return function.name
        seen.add(function.name)
        known = code.seen_from(function.path)
        for name in sorted(function.uses - seen):
            found = effect(known[name], seen)
            if found:
                return found
        return None

    for function in code.functions:
        if PREDICATE.search(function.name) and re.match(r"(static )?bool ", function.head):
            writer = effect(function, set())
            if writer:
                tree.complain(function.path, function.line,
                              f"{function.name}() is a question, and {writer}() writes")


DECLARATION = re.compile(r"^(?!static |typedef |#|\})[A-Za-z_][\w ]*?[ *]+(\w+)\((?:[^;{}]|\{\})*?\)"
                         r"[^;{}=]*;", re.MULTILINE)
HEADER_MAX = 10


@rule("header-size")
def header_size(tree):
    """A header is a paragraph: no more than ten functions."""
    for path in tree.files(".h", under=("src", "include")):
        n = len(DECLARATION.findall(c_code(path.read_text())))
        if n > HEADER_MAX:
            tree.complain(path, 0, f"{n} functions, more than {HEADER_MAX}")


CALL_IN_COMMENT = re.compile(r"\b([a-z_]\w*)\(\)")
CONSTANT_IN_COMMENT = re.compile(r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b(?![\w.*=-])")
# Of the system: what a comment of ours may name without our calling it.
SYSTEM_HEADERS = ("linux/rtnetlink.h", "linux/netlink.h", "linux/fib_rules.h", "linux/if_link.h", "sys/socket.h",
                  "netinet/tcp.h", "curl/curl.h", "systemd/sd-bus.h", "systemd/sd-daemon.h",
                  "systemd/sd-event.h", "systemd/sd-journal.h", "openssl/evp.h", "cjson/cJSON.h",
                  "netlink/netlink.h", "sys/inotify.h", "sys/prctl.h", "unistd.h", "fcntl.h",
                  "stdio.h", "stdlib.h", "string.h", "time.h", "netdb.h", "sys/resource.h",
                  "sys/file.h", "sys/timerfd.h", "signal.h", "grp.h", "pwd.h", "net/if.h")


def system_words(tree):
    text = "".join(f"#include <{name}>\n" for name in SYSTEM_HEADERS)
    with tree.scratch() as folder:
        path = f"{folder}/all.c"
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        _, flags = tree.tool(["pkg-config", "--cflags", "libnl-3.0", "libcurl", "libsystemd", "libcjson"])
        _, said = tree.tool(["gcc", "-D_GNU_SOURCE", "-E", "-dD", *flags.split(), path])
    return set(WORD.findall(said))


@rule("comments")
def comments(tree):
    """A comment names only functions and constants that exist."""
    files = list(tree.files(*C, ".inc", under=("src", "include", "tests")))
    known = {word for path in files for word in WORD.findall(COMMENT.sub("", path.read_text()))}
    unknown = []
    for path in files:
        text = path.read_text()
        for comment in COMMENT.finditer(text):
            for pattern in (CALL_IN_COMMENT, CONSTANT_IN_COMMENT):
                for match in pattern.finditer(comment.group(0)):
                    if match.group(1) not in known:
                        line = line_of(text, comment.start() + match.start())
                        unknown.append((path, line, match.group(1)))
    system = system_words(tree) if unknown else set()
    for path, line, name in unknown:
        if name not in system:
            tree.complain(path, line, f"names {name}, which does not exist")
