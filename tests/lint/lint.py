#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One rule of the house over the source tree and its build: lint.py --source S --build B RULE."""

import argparse
import sys

# Importing registers the rules.
import binary  # noqa: F401
import compile as compile_rules  # noqa: F401
import core  # noqa: F401
import documents  # noqa: F401
import structure  # noqa: F401
import text  # noqa: F401
from tree import RULES, SKIP_STATUS, Skip, Tree


def run(name, source, build):
    """The finished Tree; a rule that found nothing to look at has not been kept."""
    tree = Tree(source, build)
    RULES[name](tree)
    if tree.looked == 0 and not tree.problems:
        tree.problems.append(f"{name}: nothing to look at: the rule has lost its subject")
    return tree


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("rule", choices=sorted(RULES))
    args = parser.parse_args()
    try:
        tree = run(args.rule, args.source, args.build)
    except Skip as skip:
        print(skip)
        return SKIP_STATUS
    for problem in tree.problems:
        print(problem)
    print(f"{args.rule}: {RULES[args.rule].__doc__.splitlines()[0]} "
          f"{tree.looked} looked at, {len(tree.problems)} against it.")
    return 1 if tree.problems else 0


if __name__ == "__main__":
    sys.exit(main())
