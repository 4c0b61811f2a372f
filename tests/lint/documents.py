# SPDX-License-Identifier: Apache-2.0
"""Rules about what is written beside the code."""

import re

from tree import rule

LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)(#[^)]*)?\)")
# A path of the tree has an ending or is a folder; `src/ecs-pubip` is a path of a build.
CODE_PATH = re.compile(r"`((?:src|include|tests|units|packaging)/(?:[\w./-]+\.\w+|[\w./-]*/))`")


@rule("links")
def links(tree):
    """Every file that a README links to or names in code quotes exists."""
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
