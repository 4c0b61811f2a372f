# SPDX-License-Identifier: Apache-2.0
"""Rules about what is written beside the code."""

import re

from tree import line_of, rule

LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)(#[^)]*)?\)")
# A path of the tree has an ending or is a folder; `src/ecs-pubip` is a path of a build.
CODE_PATH = re.compile(r"`((?:src|include|tests|units|packaging)/(?:[\w./-]+\.\w+|[\w./-]*/))`")

# "design 4.1, 4.5 and 6", "laws L1 to L4": where each number must be a heading, or a law of the list.
CITED_IN = {"design": "src/DESIGN.md", "law": "src/DESIGN.md", "ecs-api": "src/ECS-API.md"}
NUMBER = r"(?:\d+(?:\.\d+)?|L\d+)(?![\w-]|\.\d)"
GAP = r"(?: |\s*\n\s*[*#]?\s*)"  # a comment's line may end between
CITATION = re.compile(rf"(?<![\w/.-])(design|law|ecs-api)s?{GAP}({NUMBER}(?:(?:,| and| to){GAP}{NUMBER})*)",
                      re.IGNORECASE)
CITING = (".c", ".h", ".in", ".inc", ".md", ".patch", ".py", ".sh", ".conf", ".service", ".build")
HEADING = re.compile(rf"^(?:#+ ({NUMBER})|- \*\*(L\d+)\*\*)", re.MULTILINE)


def numbers_of(path):
    """What can be cited of a document: its numbered headings, and the laws."""
    return {a or b for a, b in HEADING.findall(path.read_text())} if path.exists() else set()


def citations(tree):
    known = {name: numbers_of(tree.source / name) for name in CITED_IN.values()}
    for path in tree.files(*CITING, under=(".", "src", "include", "tests", "units", "packaging")):
        text = path.read_text(errors="replace")
        for match in CITATION.finditer(text):
            what = match.group(1).lower()
            for number in re.findall(NUMBER, match.group(2)):
                if number not in known[CITED_IN[what]]:
                    tree.complain(path, line_of(text, match.start()),
                                  f"cites {what} {number}, which {CITED_IN[what]} does not have")


@rule("links")
def links(tree):
    """Files that a README links to or names in code quotes exist, as do the sections cited."""
    citations(tree)
    for path in tree.files(".md", under=(".", "src", "tests", "packaging", "units")):
        text = path.read_text()
        for match in LINK.finditer(text):
            if not (path.parent / match.group(1)).exists():
                tree.complain(path, text.count("\n", 0, match.start()) + 1,
                              f"links to {match.group(1)}, which is not there")
        for match in CODE_PATH.finditer(text):
            if not (tree.source / match.group(1)).exists():
                tree.complain(path, text.count("\n", 0, match.start()) + 1,
                              f"names {match.group(1)}, which is not there")
