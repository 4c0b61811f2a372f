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
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
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
# Through a pointer; the group that matched is the pointer's name.
MEMBER = r"(\w+)(?:->\w+|\.\w+|\[[^]]*\])*->[\w.]+(?:\[[^]]*\])?"
WRITES = re.compile(rf"\b{MEMBER}\s*(?:[-+|&^]|<<|>>)?=(?!=)|\b{MEMBER}(?:\+\+|--)|(?:\+\+|--){MEMBER}"
                    r"|^\s*\*(\w+) = ", re.MULTILINE)
# "struct x *name = value": the pointer's name, and what it comes from.
POINTER = re.compile(r"^\s+(?:const )?(?:struct |enum )?\w+ \*+(?:const )?(\w+) = ([^;]*);", re.MULTILINE)
CALL = re.compile(r"(?<![.\w])(?<!->)(\w+)\(")
RESULTS = ("ret", "why", "fault", "out")  # the caller's places for what is answered


def argument_list(text, start):
    """The arguments of the call whose bracket opens before start."""
    found, depth, begin = [], 0, start
    for i in range(start, len(text)):
        c = text[i]
        if c in "([{":
            depth += 1
        elif c == "," and depth == 0:
            found.append(text[begin:i].strip())
            begin = i + 1
        elif c in ")]}":
            if depth == 0:
                return [*found, text[begin:i].strip()]
            depth -= 1
    return found


class Effects:
    """Through which of its parameters a function writes, by itself or by what it calls."""

    def __init__(self, code):
        self.code = code
        self.writes = {}  # (path, name) -> {index of the parameter: who writes}
        self.parameters = {}
        for function in code.functions:
            head = function.head[function.head.index(function.name + "(") + len(function.name) + 1:]
            names = [IDENTIFIER.findall(re.sub(r"\[[^]]*\]", "", a)) for a in argument_list(head, 0)]
            self.parameters[key(function)] = [words[-1] if words else "" for words in names]
            self.writes[key(function)] = {}
        grown = True
        while grown:
            grown = any([self.grow(function) for function in code.functions])

    def origins(self, function, expression):
        """Indices of the parameters that a pointer comes from; a local structure is none."""
        names = self.parameters[key(function)]
        pointers = dict(POINTER.findall(function.body))
        seen, todo = set(), IDENTIFIER.findall(expression)
        while todo:
            word = todo.pop()
            if word not in seen:
                seen.add(word)
                todo += IDENTIFIER.findall(pointers.get(word, ""))
        return [i for i, name in enumerate(names) if name in seen]

    def grow(self, function):
        mine = self.writes[key(function)]
        before = len(mine)
        for match in WRITES.finditer(function.body):
            for i in self.origins(function, next(filter(None, match.groups()))):
                mine.setdefault(i, function.name)
        known = self.code.seen_from(function.path)
        for match in CALL.finditer(function.body):
            callee = known.get(match[1])
            arguments = argument_list(function.body, match.end())
            for index, who in self.writes[key(callee)].items() if callee else ():
                if index < len(arguments):
                    for i in self.origins(function, arguments[index]):
                        mine.setdefault(i, who)
            for argument in arguments:  # a callback writes to what it is given beside it
                if argument in known and self.writes[key(known[argument])]:
                    for other in arguments:
                        for i in self.origins(function, other):
                            mine.setdefault(i, argument)
        return len(mine) > before

    def of(self, function):
        """Who writes to something that is not the function's own, nor a place for its answer."""
        names = self.parameters[key(function)]
        for index, who in sorted(self.writes[key(function)].items()):
            if not names[index].startswith(RESULTS):
                return who
        return None


def key(function):
    return function.path, function.name


@rule("predicates")
def predicates(tree):
    """A bool function whose name asks something changes nothing, nor does what it calls."""
    code = Code(tree, under=("src/core", "src/agent", "src/host", "src/cloud", "src/cli"))
    effects = Effects(code)
    for function in code.functions:
        if PREDICATE.search(function.name) and re.match(r"(static )?bool ", function.head):
            writer = effects.of(function)
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
