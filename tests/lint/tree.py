# SPDX-License-Identifier: Apache-2.0
"""What every rule works on: the source tree, its build, and a list of what was found."""

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

SKIP_FOLDERS = re.compile(r"^(\.git|\.pytest_cache|__pycache__|node_modules|build.*)$")
COMMENT_OR_TEXT = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL
)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
C = (".c", ".h")
RULES = {}
SKIP_STATUS = 77  # meson's "skipped"


class Skip(Exception):
    """The rule cannot be judged here; the text says why."""


def rule(name):
    """Registers a rule: a function of a Tree, whose docstring is what it demands."""

    def register(function):
        RULES[name] = function
        return function

    return register


class Tree:
    def __init__(self, source, build):
        self.source, self.build = Path(source), Path(build)
        self.problems = []
        self.looked = 0  # files, symbols, whatever the rule looks at: 0 at the end is a failure

    def complain(self, where, line, sentence):
        path = Path(where)
        if path.is_absolute() and self.source in path.parents:
            path = path.relative_to(self.source)
        self.problems.append(f"{path}:{line}: {sentence}" if line else f"{path}: {sentence}")

    def files(self, *suffixes, under=("src", "include", "tests", "units", "packaging", ".ci")):
        """Files below these folders (and at the top, with under containing ".") by suffix."""
        for folder in under:
            for path in sorted(self._walk(folder)):
                if not suffixes or path.suffix in suffixes:
                    self.looked += 1
                    yield path

    def _walk(self, folder):
        if folder == ".":
            yield from (path for path in self.source.iterdir() if path.is_file())
            return
        for here, folders, names in os.walk(self.source / folder):
            folders[:] = [name for name in folders if not SKIP_FOLDERS.match(name)]
            for name in names:
                path = Path(here) / name
                if path.is_file() and not path.is_symlink():
                    yield path

    def compilations(self, under="src"):
        """(file, flags that decide what it means) for each C file that the build compiles."""
        seen = set()
        for entry in json.loads((self.build / "compile_commands.json").read_text()):
            path = Path(os.path.normpath(Path(entry["directory"]) / entry["file"]))
            if path in seen or (self.source / under) not in path.parents:
                continue
            seen.add(path)
            self.looked += 1
            yield path, meaning_flags(shlex.split(entry["command"]), entry["directory"])

    def tool(self, argv, **options):
        """Runs a tool; (exit status, what it said)."""
        if not shutil.which(argv[0]):
            self.problems.append(f"{argv[0]} is not installed")
            return 0, ""
        done = subprocess.run(
            [str(arg) for arg in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", stdin=options.pop("stdin", subprocess.DEVNULL),
            timeout=600, check=False, **options,
        )
        return done.returncode, done.stdout

    def judge(self, where, argv, **options):
        """A tool that must succeed, and whose output is the complaint when it does not."""
        status, said = self.tool(argv, **options)
        if status != 0:
            self.complain(where, 0, said.strip() or f"{argv[0]} failed with {status}")

    def scratch(self):
        return tempfile.TemporaryDirectory(prefix="ecs-pubip-lint-")


def meaning_flags(argv, directory):
    """-D, -I, -isystem, -std and -f… of a compile command, paths made absolute."""
    flags = []
    words = iter(argv[1:])
    for word in words:
        if word.startswith("-I") and len(word) > 2:
            flags.append("-I" + os.path.normpath(os.path.join(directory, word[2:])))
        elif word == "-isystem":
            flags += [word, os.path.normpath(os.path.join(directory, next(words)))]
        elif word.startswith(("-isystem", "-D", "-U", "-std=")) and "_FORTIFY" not in word:
            flags.append(word)
    return flags


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def c_code(text):
    """C text with comments and literals blanked; lines stay where they are."""
    return COMMENT_OR_TEXT.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
