# SPDX-License-Identifier: Apache-2.0
"""Rules about the core: pure, without state, and complete with only its own libraries."""

import re
from pathlib import Path

from tree import rule

PURE_H = Path(__file__).parent / "pure.h"
# What an object of the core may ask of the C library: memory, strings, numbers.
LIBC = set("""
    malloc calloc realloc free abort __assert_fail __errno_location __stack_chk_fail
    memcpy memmove memset memcmp memchr memrchr memmem explicit_bzero mempcpy
    strlen strnlen strcmp strncmp strcasecmp strncasecmp strchr strrchr strchrnul strstr strcasestr
    strspn strcspn strpbrk strdup strndup stpcpy strsep strtol strtoul strtoll strtoull
    __isoc23_strtol __isoc23_strtoul __isoc23_strtoll __isoc23_strtoull
    bsearch qsort inet_pton inet_ntop vsnprintf snprintf __vsnprintf_chk __snprintf_chk
    __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc tolower toupper
    __memcpy_chk __memmove_chk __memset_chk __explicit_bzero_chk __fdelt_chk
    _GLOBAL_OFFSET_TABLE_ strverscmp strtok_r strerror
""".split())
# Of the objects of util, text.c turns times into RFC 3339 and back: arithmetic in UTC, no clock.
LIBC_UTIL = LIBC | {"gmtime_r", "timegm", "strftime", "strptime"}
LIBRARIES = re.compile(r"^(cJSON_|EVP_|HMAC|SHA256|OPENSSL_|CRYPTO_|XML_|ini_parse_string)")
CORE_LIBRARIES = ("libcjson", "libcrypto", "inih", "expat")
WRITABLE = re.compile(r"^\.(data|bss|tdata|tbss)(?!\.rel\.ro)(\.|$)")
ARCHIVES = ("src/libcore.a", "src/libutil.a")


@rule("core-pure")
def core_pure(tree):
    """No file of the core names a clock, a descriptor, a process or a log."""
    for path, flags in tree.compilations("src/core"):
        tree.judge(path, ["gcc", *flags, "-I", tree.source / "include",
                          "-Werror=deprecated-declarations", "-include", PURE_H, "-fsyntax-only",
                          path])


@rule("core-alone")
def core_alone(tree):
    """The whole core links with its own libraries and nothing else."""
    archives = [tree.build / name for name in ARCHIVES if (tree.build / name).exists()]
    if not archives:
        tree.complain("src/libcore.a", 0, "not built")
        return
    status, libraries = tree.tool(["pkg-config", "--libs", *CORE_LIBRARIES])
    if status != 0:
        tree.complain("pkg-config", 0, libraries.strip())
        return
    with tree.scratch() as folder:
        tree.looked += len(archives)
        main = f"{folder}/main.c"
        with open(main, "w", encoding="utf-8") as out:
            out.write("int main(void) { return 0; }\n")
        tree.judge("core", ["gcc", "-o", f"{folder}/alone", main, "-Wl,--whole-archive", *archives,
                            "-Wl,--no-whole-archive", "-Wl,-z,defs", *libraries.split()])


def undefined(tree, archive):
    """(object, name) of what the objects of an archive ask for; and what they define."""
    wanted, defined, member = [], set(), ""
    for line in tree.tool(["nm", archive])[1].splitlines():
        words = line.split()
        if line.endswith(":"):
            member = line.rstrip(":")
        elif len(words) == 2 and words[0] in "Uw":
            wanted.append((member, words[1]))
        elif len(words) == 3 and words[1] in "TDRBVW":
            defined.add(words[2])
    return wanted, defined


@rule("core-imports")
def core_imports(tree):
    """Objects of the core import memory, strings and their own libraries only."""
    archives = [tree.build / name for name in ARCHIVES if (tree.build / name).exists()]
    found = [undefined(tree, archive) for archive in archives]
    own = set().union(*(defined for _, defined in found)) if found else set()
    for wanted, _ in found:
        for member, name in wanted:
            tree.looked += 1
            libc = LIBC_UTIL if "util_" in member else LIBC
            if name not in own and name not in libc and not LIBRARIES.match(name):
                tree.complain(member, 0, f"imports {name}")


@rule("core-stateless")
def core_stateless(tree):
    """The core has no writable variable: all state is the caller's."""
    for name in ARCHIVES:
        archive = tree.build / name
        if not archive.exists():
            continue
        member = ""
        for line in tree.tool(["objdump", "-t", archive])[1].splitlines():
            head = re.match(r"^(\S+\.o):\s+file format", line)
            member = head.group(1) if head else member
            symbol = re.match(r"^\S+ (.{7}) (\S+)\s+([0-9a-f]+)\s+(\S.*)$", line)
            if not symbol:
                continue
            tree.looked += 1
            kind, section, size, what = symbol.groups()
            if "O" in kind and (WRITABLE.match(section) or section == "*COM*") and int(size, 16):
                tree.complain(member, 0, f"variable {what} in {section}")
