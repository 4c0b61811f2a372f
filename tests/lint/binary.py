# SPDX-License-Identifier: Apache-2.0
"""Rules about the built programs: what they load, which symbols they ask for, how big they are."""

import re
import shutil
from pathlib import Path

from tree import Skip, c_code, line_of, rule

SIZE_MAX = 512 * 1024  # all three, stripped (design 8)
# What each program may load, by the start of the library's name.
LOADS = {
    "ecs-pubip": ("libc", "libcjson", "libinih", "libnl-3"),
    "ecs-pubip-agent": ("libc", "libcjson", "libinih", "libnl-3", "libsystemd"),
    "ecs-pubip-cloud": ("libc", "libcjson", "libinih", "libcurl", "libcrypto", "libssl", "libexpat"),
}
LOADERS = ("ld-linux", "linux-vdso", "libm", "libgcc_s")
NO_INTERNET = {"getaddrinfo", "gethostbyname", "getnameinfo", "res_query", "inet_aton"}
# Newest symbol version that the floor of each library has (libsystemd 239, libnl 3.4).
FLOORS = {"LIBSYSTEMD": (239,), "libnl": (3, 4)}
CURL_FLOOR = (7, 61, 0)
CURL_NAME = re.compile(r"\b(CURL\w*|curl_\w+)\b")
OPENSSL_3 = re.compile(
    r"\b(OSSL_\w+|EVP_MAC_\w+|EVP_Q_\w+|EVP_KDF_\w+|EVP_RAND_\w+|EVP_\w+_fetch|EVP_MD_get_\w+|"
    r"EVP_MD_CTX_get\w+|EVP_CIPHER_get_\w+|EVP_PKEY_get_\w+|ERR_get_error_all|EVP_\w+_ex2)\s*\("
)


def programs(tree):
    found = [tree.build / "src" / name for name in LOADS]
    for path in found:
        if not path.exists():
            tree.complain(path.name, 0, "not built")
    return [path for path in found if path.exists()]


def loads(tree, program):
    said = tree.tool(["readelf", "-dW", program])[1]
    return re.findall(r"\(NEEDED\).*\[(.*)\]", said)


def imports(tree, program):
    """(name, version or "") of each dynamic symbol that the program asks for."""
    for line in tree.tool(["readelf", "--dyn-syms", "-W", program])[1].splitlines():
        symbol = re.search(r"\bUND\s+([^@\s]+)(?:@+(\S+))?", line)
        if symbol:
            tree.looked += 1
            yield symbol.group(1), symbol.group(2) or ""


@rule("loads")
def what_is_loaded(tree):
    """Each program loads its own libraries only: no curl and no OpenSSL in the agent."""
    for program in programs(tree):
        for library in loads(tree, program):
            tree.looked += 1
            name = library.split(".so")[0]
            if name not in LOADS[program.name] and not name.startswith(LOADERS):
                tree.complain(program.name, 0, f"loads {library}")


@rule("offline-imports")
def offline_imports(tree):
    """The agent and the CLI import no resolver."""
    for program in programs(tree):
        if program.name == "ecs-pubip-cloud":
            continue
        for name, _ in imports(tree, program):
            if name in NO_INTERNET:
                tree.complain(program.name, 0, f"imports {name}")


def version_tuple(library, version):
    return tuple(int(part) for part in re.findall(r"\d+", version[len(library):]))


@rule("symbol-versions")
def symbol_versions(tree):
    """No symbol newer than the floors: LIBSYSTEMD_239, libnl 3.4."""
    for program in programs(tree):
        for name, version in imports(tree, program):
            for library, floor in FLOORS.items():
                if version.startswith(library) and version_tuple(library, version) > floor:
                    tree.complain(program.name, 0, f"{name} is of {version}, newer than the floor")


def curl_versions(tree):
    """name -> version that introduced it, from the table beside this file."""
    table = {}
    for line in (Path(__file__).parent / "curl-names").read_text().splitlines():
        words = line.split()
        if words and not line.startswith("#"):
            table[words[0]] = tuple(int(part) for part in words[1].split("."))
    return table


@rule("curl-floor")
def curl_floor(tree):
    """No libcurl name newer than 7.61; each name is in the table with the version that has it."""
    table = curl_versions(tree)
    for path in tree.files(".c", ".h", under=("src/cloud",)):
        code = re.sub(r"#\s*include[^\n]*", "", c_code(path.read_text()))
        for match in CURL_NAME.finditer(code):
            name, line = match.group(1), line_of(code, match.start())
            name = name[:-2] if name.endswith("_p") else name  # DEFINE_CLEANUP() of it
            tree.looked += 1
            if name not in table:
                tree.complain(path, line, f"{name} is not in tests/lint/curl-names: look up the "
                                          "version that introduced it")
            elif table[name] > CURL_FLOOR:
                tree.complain(path, line, f"{name} came with {'.'.join(map(str, table[name]))}")


@rule("openssl-floor")
def openssl_floor(tree):
    """No OpenSSL name that 1.1.1 does not have."""
    for path in tree.files(".c", ".h", under=("src", "include")):
        code = c_code(path.read_text())
        for match in OPENSSL_3.finditer(code):
            tree.complain(path, line_of(code, match.start()), f"{match.group(1)} is of OpenSSL 3")


@rule("sizes")
def sizes(tree):
    """All three programs, stripped, are within 512 KiB."""
    found = programs(tree)
    sizes_by_name = {}
    with tree.scratch() as folder:
        for program in found:
            tree.looked += 1
            if b"__asan_init" in program.read_bytes():
                raise Skip("a sanitizer build: sizes say nothing")
            copy = Path(folder) / program.name
            shutil.copy(program, copy)
            tree.judge(program.name, ["strip", copy])
            sizes_by_name[program.name] = copy.stat().st_size
    total = sum(sizes_by_name.values())
    print(", ".join(f"{name} {size // 1024} KiB" for name, size in sizes_by_name.items()),
          f"together {total / 1024:.0f} KiB of {SIZE_MAX // 1024}")
    if total > SIZE_MAX:
        tree.complain("programs", 0, f"{total} bytes stripped, more than {SIZE_MAX}")
