#!/usr/bin/env python3
"""Checks the code of the README and of docs/: each block of C++ is, word for word, part of an example that is compiled and tested, and
each block of Python compiles."""
import ast
import re
import sys
from pathlib import Path
from textwrap import dedent

BLOCK = re.compile(r"^```(cpp|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Documents:
    def __init__(self, root):
        self.root = Path(root)
        self.examples = [path.read_text() for path in sorted((self.root / "app/examples").rglob("*.?pp"))]
        self.counts = {"cpp": 0, "python": 0}

    # The line of the block, counted from its fence, and what is wrong there.
    def error(self, language, code):
        if language == "cpp":
            if not any(code.strip() in example for example in self.examples):
                return 0, "this block is in no file of app/examples/"
            return None
        try:
            compile(dedent(code), "block", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as e:
            return e.lineno or 0, f"this Python does not compile: {e.msg}"
        return None

    def check(self):
        errors = []
        for document in [self.root / "README.md", *sorted((self.root / "docs").rglob("*.md"))]:
            text = document.read_text()
            for match in BLOCK.finditer(text):
                language, code = match.groups()
                self.counts[language] += 1
                if error := self.error(language, code):
                    line, message = error
                    line += text.count("\n", 0, match.start()) + 1
                    errors.append(f"{document.relative_to(self.root)}:{line}: {message}")
        return errors


def main():
    documents = Documents(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
    errors = documents.check()
    print(*errors, "blocks: {cpp} of C++, {python} of Python".format(**documents.counts), sep="\n")
    return 1 if errors or not all(documents.counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
