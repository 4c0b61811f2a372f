# SPDX-License-Identifier: Apache-2.0
"""Each rule is seen to hold on a good tree and to fail, saying why, once its rule is broken."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import compile  # noqa: E402
import lint  # noqa: E402
from tree import RULES, Tree  # noqa: E402

TOP = HERE.parent.parent
SPDX = "SPDX-License-Identifier: Apache-2.0"
OK_C = f"/* {SPDX} */\nint f(int a);\n\nint f(int a) {{\n        return a + 1;\n}}\n"
MAIN_C = "int main(void) { return 0; }\n"
PROGRAMS = ("ecs-pubip", "ecs-pubip-agent", "ecs-pubip-cloud")


def core(body, headers=""):
    return f"{headers}int f(int a);\nint f(int a) {{ {body} }}\n"


@dataclass
class Case:
    rule: str
    good: dict  # path -> text
    bad: dict  # laid over good
    says: str  # part of the complaint
    link: list = field(default_factory=list)  # libraries of src/agent/*.c programs


CASES = [
    Case("spdx", {"src/core/a.c": OK_C}, {"src/core/a.c": "int a;\n"}, "src/core/a.c:1: no"),
    Case("marks", {"src/core/a.c": OK_C}, {"src/core/a.c": OK_C + "/* TO" "DO: more */\n"},
         "src/core/a.c:7: unfinished"),
    Case("marks", {"tests/a.py": "x = 1\n", ".git": "gitdir: /ho" "me/me/x\n"}, {"tests/a.py": "x = '/ho" "me/me/secret'\n"}, "not for others"),
    Case("banned", {"src/cli/a.c": "int strcpy_like(void);\n"},
         {"src/cli/a.c": "int x;\nvoid g(char *a) { strcpy(a, \"x\"); }\n"}, "a.c:2: strcpy()"),
    Case("banned", {"src/cli/a.c": "/* system(x) */ void f(void) { signal(SIGPIPE, SIG_IGN); }\n"},
         {"src/cli/a.c": "int f(void) { return system(\"reboot\"); }\n"}, "no shell"),
    Case("layers", {"src/agent/a.c": "#include <ecs-pubip/engine.h>\n#include <netlink/msg.h>\n"},
         {"src/agent/a.c": "#include \"cloud/http.h\"\n"}, "src/agent must not include cloud/http.h"),
    Case("layers", {"src/core/a.c": "#include <string.h>\n"},
         {"src/core/a.c": "#include <stdio.h>\n"}, "src/core must not include stdio.h"),
    Case("layers", {"src/cloud/a.c": "#include <curl/curl.h>\n"},
         {"src/cloud/a.c": "#include \"agent/ledger.h\"\n"}, "src/cloud must not include agent/"),
    Case("layers", {"include/ecs-pubip/a.h": "#include <stdint.h>\n"},
         {"include/ecs-pubip/a.h": "#include <systemd/sd-event.h>\n"}, "must not include systemd"),
    Case("one-runtime", {"src/agent/netlink.c": "#include \"agent/netlink.h\"\n"},
         {"src/agent/netlink.c": "#include <ecs-pubip/engine.h>\n#include \"agent/link.h\"\n"},
         "engine.h beside agent/link.h"),
    Case("agent-offline", {"src/agent/a.c": "int f(void) { return socket(AF_UNIX, 1, 0); }\n"},
         {"src/agent/a.c": "int f(void) { return socket(AF_INET, 1, 0); }\n"}, "socket(AF_INET"),
    Case("nonblocking", {"src/agent/a.c": "int f(void) { return socket(AF_UNIX, SOCK_NONBLOCK, 0); }\n"},
         {"src/agent/a.c": "void f(void) { sd_notify(0, \"READY=1\"); }\n"}, "a.c:1: sd_notify waits"),
    Case("nonblocking", {"src/agent/main.c": "#include <stdio.h>\nint main(void) { puts(\"x\"); return 0; }\n"},
         {"src/agent/a.c": "int f(void) { return socket(AF_UNIX, SOCK_DGRAM, 0); }\n"},
         "socket(AF_UNIX, SOCK_DGRAM, 0); waits"),
    Case("addresses", {"tests/a.py": "a = '203.0.113.10'\n"}, {"tests/a.py": "a = '8.8." "8.8'\n"},
         "may belong to somebody"),
    Case("core-pure", {"src/core/a.c": core("return a;")},
         {"src/core/a.c": core("return (int)time(NULL) + a;", "#include <time.h>\n")},
         "times are arguments"),
    Case("core-pure", {"src/core/a.c": core("struct { int time; } x = {a}; return x.time;")},
         {"src/core/a.c": core("struct timespec t; return clock_gettime(0, &t) + a;",
                               "#include <time.h>\n")}, "poisoned \"clock_gettime\""),
    Case("core-pure", {"src/core/a.c": core("return a;")},
         {"src/core/a.c": core("return printf(\"%d\", a);", "#include <stdio.h>\n")},
         "util/buf.h"),
    Case("core-alone", {"src/core/a.c": core("return a;")},
         {"src/core/a.c": core("return g(a);", "int g(int a);\n")}, "undefined reference to `g'"),
    Case("core-imports", {"src/core/a.c": core("return (int)strlen(\"x\") + a * rand2();",
                                               "#include <string.h>\nint rand2(void);\n"),
                          "src/core/b.c": "int rand2(void);\nint rand2(void) { return 4; }\n"},
         {"src/core/a.c": core("return getpid() + a;", "#include <unistd.h>\n")}, "imports getpid"),
    Case("core-stateless", {"src/core/a.c": core("static const int t[] = {1, 2}; return t[a & 1];")},
         {"src/core/a.c": core("static int calls; return a + ++calls;")}, "variable calls"),
    Case("core-stateless", {"src/core/a.c": core("return a;")},
         {"src/core/a.c": "int count = 3;\n" + core("return a;")}, "variable count in .data"),
    Case("format", {"src/core/a.c": OK_C}, {"src/core/a.c": OK_C.replace("        return", "  return")},
         "src/core/a.c:4: clang-format"),
    Case("headers", {"src/util/a.h": "#pragma once\n#include <stdint.h>\nuint32_t f(void);\n"},
         {"src/util/a.h": "#pragma once\nuint32_t f(void);\n"}, "unknown type name"),
    Case("cppcheck", {"src/core/a.c": OK_C},
         {"src/core/a.c": core("int t[2] = {0, 1}; return t[2] + a;")}, "out of bounds"),
    Case("clang-tidy", {"src/core/a.c": OK_C},
         {"src/core/a.c": core("return strcmp(\"a\", \"b\") == 0 || strcmp(\"a\", \"b\") == 0 ? a : 0;",
                               "#include <string.h>\n")}, "both sides of operator are equivalent"),
    Case("analyzer", {"src/core/a.c": OK_C},
         {"src/core/a.c": core("char *p = malloc(4); if (!p) return 0; free(p); free(p); return a;",
                               "#include <stdlib.h>\n")}, "double-‘free’"),
    Case("clang", {"src/core/a.c": OK_C},
         {"src/core/a.c": "enum e { A, B };\nint f(enum e x);\n"
                          "int f(enum e x) { switch (x) { case A: return 1; } return 0; }\n"},
         "not handled in switch"),
    Case("shellcheck", {"tests/a.sh": "#!/bin/sh\nrm -- \"$1\"\n"}, {"tests/a.sh": "#!/bin/sh\nrm -- $1\n"},
         "SC2086"),
    Case("meson", {"meson.build": "project('x', 'c', meson_version: '>= 0.58')\n"},
         {"meson.build": "project('x', 'c', meson_version: '>= 0.58')\n"
                         "import('fs').copyfile('meson.build', 'copy')\n"}, "0.64"),
    Case("curl-floor", {"src/cloud/a.c": "int f(void) { return CURLOPT_URL; }\n"},
         {"src/cloud/a.c": "int f(void) { return CURLOPT_PROTOCOLS_STR; }\n"}, "came with 7.85.0"),
    Case("curl-floor", {"src/cloud/a.c": "int f(void) { return CURLOPT_URL; }\n"},
         {"src/cloud/a.c": "int f(void) { return CURLOPT_ECH; }\n"}, "look up the version"),
    Case("openssl-floor", {"src/core/a.c": "void f(void) { EVP_DigestInit_ex(0, 0, 0); }\n"},
         {"src/core/a.c": "void f(void) { EVP_MAC_fetch(0, 0, 0); }\n"}, "OpenSSL 3"),
    Case("links", {"README.md": "See [the map](src/README.md).\n", "src/README.md": "`src/README.md`\n"},
         {"src/README.md": "`src/core/gone.c`\n"}, "names src/core/gone.c"),
    Case("links", {"README.md": "plain\n"}, {"README.md": "See [x](gone.md).\n"}, "links to gone.md"),
    Case("links", {"src/DESIGN.md": "## 4 Rules\n### 4.5 Waits\n", "src/core/a.c": "/* (design\n * 4.5) */\n"},
         {"src/core/a.c": "/* Design 4, 4.5 and " "4.6. */\n"}, "cites design 4.6, which src/DESIGN.md does not"),
    Case("links", {"src/DESIGN.md": "- **L1** First.\n- **L2** Then.\n", "src/core/a.c": "/* Laws L1 to L2. */\n"},
         {"src/core/a.c": "/* law " "L11 */\n"}, "L11, which src/DESIGN.md does not have"),
    Case("links", {"src/ECS-API.md": "# The cloud\n## 5 Errors\n", "src/core/a.h": "/* (ecs-api 5) */\n"},
         {"src/core/a.h": "/* ecs-api " "9.10 */\n"}, "cites ecs-api 9.10"),
    Case("circles", {"src/cli/a.c": "int a_f(void) {\n        return 1;\n}\n",
                     "src/cli/b.c": "int b_f(void) {\n        return a_f();\n}\n"},
         {"src/cli/a.c": "int a_f(void) {\n        return b_f();\n}\n"}, "a circle of files: a.c: a_f -> b_f"),
    Case("circles", {"src/cli/a.c": "int a_f(void) {\n        return 1;\n}\n",
                     "src/cli/b.c": "int b_f(void) {\n        return a_f();\n}\n"},
         {"src/cli/a.c": "fn *const rows[] = {b_f};\nint a_f(void) {\n        return 1;\n}\n"},
         "a.c: a table -> b_f"),
    Case("nouns", {"src/cli/plan.c": "int plan_show(void) {\n        return 1;\n}\n"},
         {"src/cli/plan.c": "int show(void) {\n        return 1;\n}\n"}, "plan.c:1: show() has not"),
    Case("predicates", {"src/cli/a.c": "static bool is_on(const struct x *x) {\n        return x->on == 1;\n}\n"},
         {"src/cli/a.c": "static bool is_on(struct x *x) {\n        x->on = 1;\n        return true;\n}\n"},
         "is_on() is a question, and is_on() writes"),
    Case("predicates", {"src/cli/a.c": "static bool is_on(const struct x *x) {\n        return x->on;\n}\n"},
         {"src/cli/a.c": "static void put(struct x *x) {\n        x->n++;\n}\n\n"
                         "static bool is_on(struct x *x) {\n        put(x);\n        return true;\n}\n"},
         "is_on() is a question, and put() writes"),
    Case("predicates", {"src/cli/a.c": "static void put(struct x *x) {\n        x->n = 1;\n}\n\n"
                                       "static bool is_on(const struct x *a) {\n        struct x b = {};\n\n"
                                       "        put(&b);\n        return b.n == a->n;\n}\n"},
         {"src/cli/a.c": "static void put(struct x *x) {\n        x->n = 1;\n}\n\n"
                         "static bool is_on(struct x *a) {\n        struct y *b = &a->y;\n\n"
                         "        put(&b->x);\n        return true;\n}\n"},
         "is_on() is a question, and put() writes"),
    Case("predicates", {"src/cli/a.c": "static void put(void *x) {\n        struct x *y = x;\n\n        y->n = 1;\n}\n\n"
                                       "static bool is_on(void) {\n        struct x b = {};\n\n"
                                       "        walk(put, &b);\n        return b.n;\n}\n"},
         {"src/cli/a.c": "static void put(void *x) {\n        struct x *y = x;\n\n        y->n = 1;\n}\n\n"
                         "static bool is_on(struct x *a) {\n        walk(put, a);\n        return true;\n}\n"},
         "is_on() is a question, and put() writes"),
    Case("header-size", {"src/cli/a.h": "int a_f(void);\n"},
         {"src/cli/a.h": "".join(f"int a_{n}(int x,\n         int y);\n" for n in range(11))}, "11 functions"),
    Case("comments", {"src/cli/a.c": "/* As read() and a_f() do. */\nint a_f(void);\n"},
         {"src/cli/a.c": "/* As a_g() does. */\nint a_f(void);\n"}, "a.c:1: names a_g, which does not exist"),
    Case("comments", {"src/cli/a.c": "#define A_MAX 1\n/* A_MAX, AF_UNIX */\n"},
         {"src/cli/a.c": "#define A_MAX 1\n/*\n * A_MIN\n */\n"}, "a.c:3: names A_MIN"),
    Case("loads", {"src/agent/main.c": MAIN_C},
         {"src/agent/main.c": "void *curl_easy_init(void);\n"
                              "int main(void) { return !curl_easy_init(); }\n"}, "loads libcurl",
         ["-lcurl"]),
    Case("offline-imports", {"src/agent/main.c": MAIN_C},
         {"src/agent/main.c": "#include <netdb.h>\nint main(void) "
                              "{ return getaddrinfo(0, 0, 0, 0); }\n"}, "imports getaddrinfo"),
    Case("symbol-versions",
         {"src/agent/main.c": "#include <systemd/sd-daemon.h>\n"
                              "int main(void) { return sd_notify(0, \"\"); }\n"},
         {"src/agent/main.c": "#include <systemd/sd-daemon.h>\n"
                              "int main(void) { return sd_notify_barrier(0, 0); }\n"},
         "sd_notify_barrier is of LIBSYSTEMD_246", ["-lsystemd"]),
    Case("sizes", {"src/agent/main.c": MAIN_C},
         {"src/agent/main.c": "const char t[500000] = {1};\nint main(int n, char **v)"
                              " { (void)v; return t[n]; }\n"}, "bytes stripped, more than"),
]


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def build(source, folder, link):
    """What the rules want of a build: compile_commands.json, the archives, the three programs."""
    (folder / "src").mkdir(parents=True, exist_ok=True)
    sources = sorted(source.glob("src/*/*.c"))
    (folder / "compile_commands.json").write_text(json.dumps([
        {"directory": str(folder), "command": f"gcc -std=gnu11 -D_GNU_SOURCE -c {path}", "file": str(path)}
        for path in sources
    ]))
    objects = []
    for path in source.glob("src/core/*.c"):
        objects.append(folder / f"{path.stem}.o")
        subprocess.run(["gcc", "-c", "-w", "-fPIE", "-o", objects[-1], path], check=False,
                       stderr=subprocess.DEVNULL)
    if all(path.exists() for path in objects):
        subprocess.run(["ar", "rcs", folder / "src/libcore.a", *objects], check=True)
    for name in PROGRAMS:
        main = source / "src/agent/main.c"
        if main.exists():
            own = link if name == "ecs-pubip-agent" else []
            text = main if name == "ecs-pubip-agent" else folder / "plain.c"
            (folder / "plain.c").write_text(MAIN_C)
            subprocess.run(["gcc", "-o", folder / "src" / name, text, *own], check=True)


def judge(case, folder, files):
    source = folder / "source"
    write(source, files)
    for config in (".clang-format", ".clang-tidy"):
        shutil.copy(TOP / config, source)
    build(source, folder / "made", case.link)
    return lint.run(case.rule, source, folder / "made").problems


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_rule(case, tmp_path):
    assert judge(case, tmp_path / "good", case.good) == []
    problems = judge(case, tmp_path / "bad", {**case.good, **case.bad})
    assert case.says in "\n".join(problems)


def test_every_rule_is_proved():
    assert set(RULES) == {case.rule for case in CASES}


def test_every_rule_is_run():
    rows = (HERE / "meson.build").read_text()
    assert [name for name in RULES if f"'{name}'," not in rows] == []


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"meson"}))
def test_a_rule_without_a_subject_fails(rule, tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made/compile_commands.json").write_text("[]")
    (tmp_path / "source").mkdir()
    assert lint.run(rule, tmp_path / "source", tmp_path / "made").problems


def test_what_was_clean_is_not_looked_at_again(tmp_path, monkeypatch):
    """Until a byte of it, or of what it includes, is another; what is not clean is never kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    files = {"src/core/a.c": '#include "a.h"\n' + OK_C, "src/core/a.h": "#pragma once\n"}
    write(tmp_path, files)
    path = tmp_path / "src/core/a.c"
    (tmp_path / "compile_commands.json").write_text(json.dumps(
        [{"directory": str(tmp_path), "command": f"gcc -c {path}", "file": str(path)}]))

    def looks(answer=0):
        called = []
        tree = Tree(tmp_path, tmp_path)
        tree.tool = lambda argv: (called.append(argv), (answer, ""))[1]
        compile.each_unseen(tree, lambda flags, path: ["true", *flags, path], "version 1")
        assert len(tree.problems) == (1 if answer and called else 0)
        return len(called)

    assert [looks(1), looks(1), looks(), looks(), looks()] == [1, 1, 1, 0, 0]
    (tmp_path / "src/core/a.h").write_text("#pragma once\n#define ANOTHER 1\n")
    assert [looks(1), looks(1), looks(), looks()] == [1, 1, 1, 0]
