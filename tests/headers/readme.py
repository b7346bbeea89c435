#!/usr/bin/env python3
"""Checks that every C++ block of the README and of docs/ is, word for word, part of an example that is compiled and tested."""
import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```cpp\n(.*?)^```", re.MULTILINE | re.DOTALL)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
    examples = [path.read_text() for path in sorted((root / "app/examples").rglob("*.?pp"))]
    blocks = strangers = 0
    for document in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        text = document.read_text()
        for match in BLOCK.finditer(text):
            blocks += 1
            if not any(match.group(1).strip() in example for example in examples):
                strangers += 1
                line = text.count("\n", 0, match.start()) + 1
                print(f"{document.relative_to(root)}:{line}: this block is in no file of app/examples/")
    print(f"{blocks} blocks, {strangers} of them in no example")
    return 1 if strangers or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())
