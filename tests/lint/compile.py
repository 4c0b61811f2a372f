# SPDX-License-Identifier: Apache-2.0
"""Rules that a compiler, a formatter or an analyzer judges."""

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor

from tree import Skip, rule
from verdicts import Verdicts, forget_old, is_clean, keep_clean

FORMAT_MAJOR = 14  # other versions of clang-format see the same .clang-format differently
WORKERS = 2
HEADER_WARNINGS = ["-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
DEPENDENCIES = ("libnl-3.0", "libcurl", "libcrypto", "libcjson", "libsystemd", "inih", "expat")
CPPCHECK = [
    "--enable=warning,performance,portability", "--inline-suppr", "--error-exitcode=1", "--quiet",
    "--std=c11", "--library=posix", "--suppress=missingIncludeSystem",
    "--suppress=normalCheckLevelMaxBranches", "--suppress=unknownMacro",
    # the compilers, -fanalyzer and valgrind know this better: && and || confuse it
    "--suppress=uninitvar",
    # a length checked before the loop is lost on it
    "--suppress=arrayIndexOutOfBounds:*/src/cli/show.c", "--suppress=negativeIndex",
    # one thread; and readdir_r is deprecated by glibc in favour of readdir
    "--suppress=readdirCalled", "--suppress=getpwnamCalled", "--suppress=getgrnamCalled",
    # cleanup attributes close what cppcheck thinks is left open
    "--suppress=resourceLeak", "--suppress=memleak",
]
ANALYZER_MAJOR = 12  # 14 sees overflows where a count is within its array and leaks where they are meant
# gcc 12 does not follow "set unless an error is returned"; compilers, clang-tidy and valgrind do.
ANALYZER = ["-O1", "-fanalyzer", "-fanalyzer-verbosity=1", "-Werror", "-S", "-o", os.devnull,
            "-Wno-analyzer-use-of-uninitialized-value"]


def each(tree, jobs):
    """Runs (where, argv) jobs side by side; the complaints in the order of the jobs."""
    with ThreadPoolExecutor(WORKERS) as pool:
        for (where, _), (status, said) in zip(jobs, pool.map(lambda j: tree.tool(j[1]), jobs)):
            if status != 0:
                tree.complain(where, 0, said.strip() or f"failed with {status}")


def each_unseen(tree, argv, tool):
    """ARGV + FLAGS for each compilation whose bytes were not found clean by the same tool before."""
    verdicts = Verdicts("\n".join([tool, *map(str, argv((), ""))]))
    forget_old()

    def look(compilation):
        path, flags = compilation
        stamp = verdicts.stamp(path, flags)
        if is_clean(stamp):
            keep_clean(stamp)
            return 0, ""
        status, said = tree.tool(argv(flags, path))
        if status == 0 and shutil.which(argv(flags, path)[0]):
            keep_clean(stamp)
        return status, said

    compilations = list(tree.compilations())
    with ThreadPoolExecutor(WORKERS) as pool:
        for (path, _), (status, said) in zip(compilations, pool.map(look, compilations)):
            if status != 0:
                tree.complain(path, 0, said.strip() or f"failed with {status}")


@rule("format")
def formatting(tree):
    """clang-format would change nothing."""
    _, version = tree.tool(["clang-format", "--version"])
    major = re.search(r"version (\d+)", version)
    if major and int(major.group(1)) != FORMAT_MAJOR:
        raise Skip(f"clang-format {major.group(1)} here; the tree is formatted by {FORMAT_MAJOR}")
    for path in tree.files(".c", ".h", under=("src", "include", "tests")):
        status, said = tree.tool(["clang-format", "--dry-run", "-Werror", path])
        if status != 0:
            first = re.search(r":(\d+):\d+: error", said)
            tree.complain(path, int(first.group(1)) if first else 0, "clang-format -i would change it")


@rule("headers")
def headers(tree):
    """Each header compiles alone, with gcc and with clang."""
    _, found = tree.tool(["pkg-config", "--cflags", *DEPENDENCIES])
    includes = [f"-I{tree.source}/include", f"-I{tree.source}/src", *found.split()]
    jobs = []
    with tree.scratch() as folder:
        for number, path in enumerate(tree.files(".h", under=("src", "include"))):
            alone = f"{folder}/{number}.c"
            with open(alone, "w", encoding="utf-8") as out:
                out.write(f'#include "{path}"\n')
            jobs += [(path, [cc, *HEADER_WARNINGS, *includes, alone]) for cc in ("gcc", "clang")]
        each(tree, jobs)


@rule("cppcheck")
def cppcheck(tree):
    """cppcheck finds nothing (its suppressions are in this file, with reasons in the code)."""
    sources = list(tree.files(".c", under=("src",)))
    if sources:
        tree.judge("src", ["cppcheck", *CPPCHECK, f"-j{WORKERS}", f"-I{tree.source}/include",
                           f"-I{tree.source}/src", "-D_GNU_SOURCE", "-D__GNUC__", *sources])


@rule("clang-tidy")
def clang_tidy(tree):
    """clang-tidy finds nothing of what .clang-tidy asks for."""
    config = tree.source / ".clang-tidy"
    _, version = tree.tool(["clang-tidy", "--version"])

    def argv(flags, path):
        return ["clang-tidy", "--quiet", "--warnings-as-errors=*", f"--config-file={config}",
                path, "--", *flags]

    each_unseen(tree, argv, version + (config.read_text() if config.exists() else ""))


@rule("analyzer")
def analyzer(tree):
    """gcc -fanalyzer finds nothing."""
    _, version = tree.tool(["gcc", "-dumpversion"])
    if version.strip().partition(".")[0] != str(ANALYZER_MAJOR):
        raise Skip(f"gcc {version.strip()} here; its analyzer is judged by {ANALYZER_MAJOR}")
    _, version = tree.tool(["gcc", "--version"])
    each_unseen(tree, lambda flags, path: ["gcc", *flags, *ANALYZER, path], version)


@rule("clang")
def clang(tree):
    """clang, too, compiles every program file without a warning."""
    warnings = ["-Wall", "-Wextra", "-Wswitch-enum", "-Wshadow", "-Werror", "-fsyntax-only"]
    each(tree, [(path, ["clang", *flags, *warnings, "-Wno-missing-field-initializers", path])
                for path, flags in tree.compilations()])


@rule("shellcheck")
def shellcheck(tree):
    """shellcheck finds nothing in any shell script, however it is named."""
    shell = re.compile(r"\A#!\s*(/usr)?/bin/(env +)?(ba|da)?sh\b|^# shellcheck shell=", re.MULTILINE)
    scripts = []
    for path in tree.files(under=("src", "tests", "packaging", ".ci")):
        with open(path, "rb") as stream:
            head = stream.read(300).decode(errors="replace")
        if shell.search(head):
            scripts.append(path)
    tree.looked = len(scripts)
    if scripts:
        tree.judge("scripts", ["shellcheck", "--external-sources", "--severity=style",
                               "--format=gcc", *scripts], cwd=tree.source)


@rule("meson")
def meson(tree):
    """meson configures without a warning, so also without features newer than the floor."""
    with tree.scratch() as folder:
        tree.looked += 1
        status, said = tree.tool(["meson", "setup", folder + "/build", tree.source])
        for line in said.splitlines():
            if re.search(r"^(\S+:\d+: )?(WARNING|ERROR|DEPRECATION)|feature introduced in|NOTICE", line):
                tree.complain("meson.build", 0, line)
        if status != 0 and not tree.problems:
            tree.complain("meson.build", 0, said.strip()[-1500:])
