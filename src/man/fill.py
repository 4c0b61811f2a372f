#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the tables of the core into documents: a manual page's @FAULTS@, a Markdown page's markers.

  fill.py page GENERATOR CATALOG TEMPLATE OUTPUT NAME=VALUE...   a manual page from its template
  fill.py check GENERATOR DOCUMENT...    0 if each section is what the code says
  fill.py write GENERATOR DOCUMENT...    makes them so

In a template @FAULTS@ and @KEYS@ are tables of the core, @MESSAGES@ the ids of the journal catalog.

A section of a Markdown page stands between <!-- faults --> (or keys) and <!-- /faults -->.
"""

import re
import subprocess
import sys

SECTION = re.compile(r"(<!-- (faults|keys) -->\n).*?(<!-- /\2 -->)", re.DOTALL)
MACRO = re.compile(r"@([A-Z]+)@")
MESSAGE = re.compile(r"^-- ([0-9a-f]{32})\nSubject: (.*)$", re.MULTILINE)


def table(generator, name):
    return subprocess.run([generator, name], check=True, stdout=subprocess.PIPE,
                          universal_newlines=True).stdout


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def messages(catalog):
    """The journal's entries as the manual page lists them."""
    return "\n".join(f".TP\n{number}\n" + subject.replace("-", "\\-")
                     for number, subject in MESSAGE.findall(read(catalog)))


def page(generator, catalog, template, output, *values):
    """A name that is not known here is an error: it would stand in the page for readers to see."""
    known = dict(value.split("=", 1) for value in values)
    known["FAULTS"] = table(generator, "faults-man").rstrip("\n")
    known["KEYS"] = table(generator, "keys-man").rstrip("\n")
    known["MESSAGES"] = messages(catalog)
    write(output, MACRO.sub(lambda match: known[match[1]], read(template)))
    return 0


def filled(generator, text):
    return SECTION.sub(lambda m: m[1] + table(generator, m[2] + "-md") + m[3], text)


def check(generator, *documents):
    status = 0
    for document in documents:
        text = read(document)
        if not SECTION.search(text):
            print(f"{document}: no section between <!-- faults --> or <!-- keys --> markers")
            status = 1
        elif filled(generator, text) != text:
            print(f"{document}: differs from the code: src/man/fill.py write {generator} {document}")
            status = 1
    return status


def update(generator, *documents):
    for document in documents:
        write(document, filled(generator, read(document)))
    return 0


if __name__ == "__main__":
    try:
        sys.exit({"page": page, "check": check, "write": update}[sys.argv[1]](*sys.argv[2:]))
    except (IndexError, TypeError):
        sys.exit(__doc__)
