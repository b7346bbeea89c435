#!/usr/bin/env python3
"""Plants blocks of code in scratch documents: each that is wrong must be found, with its line, and lawful ones must pass."""
import tempfile
import unittest
from pathlib import Path

from documents import Documents

EXAMPLE = "int main() {\n    girin::run(serve());\n}\n"


class Blocks(unittest.TestCase):
    def errors(self, language, code, document="docs/aio.md"):
        with tempfile.TemporaryDirectory() as tree:
            for path, text in {"app/examples/aio/serve.cpp": EXAMPLE, "README.md": "# A\n",
                               document: f"# B\n\n```{language}\n{code}```\n"}.items():
                file = Path(tree, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            documents = Documents(tree)
            errors = documents.check()
            self.assertEqual(documents.counts[language], 1)
            return errors

    def test_a_part_of_an_example_is_lawful(self):
        self.assertEqual(self.errors("cpp", "    girin::run(serve());\n"), [])

    def test_a_block_that_is_in_no_example(self):
        for document in ("README.md", "docs/aio.md"):
            self.assertEqual(self.errors("cpp", "    girin::run(serve() );\n", document),
                             [f"{document}:3: this block is in no file of app/examples/"])

    def test_python_may_await_at_top_level_and_be_a_part(self):
        self.assertEqual(self.errors("python", "    async with x:\n        print(await y)\n"), [])

    def test_python_that_does_not_compile(self):
        for code in ("x = 1\nasync def f()\n", "def f():\n    await g()\n"):
            (error,) = self.errors("python", code)
            self.assertTrue(error.startswith("docs/aio.md:5: this Python does not compile: "), error)


if __name__ == "__main__":
    unittest.main()
