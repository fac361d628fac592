#!/usr/bin/env python3
"""The documents tell the truth of the sources: what they name exists, where they say it is.

What a document puts between backquotes is looked up: `file.cpp` must be a file, `function()` must
be in the sources, and "`function()` in `file.cpp`" must be in that file. Run it alone:
  python3 tests/docs_test.py
"""

import functools
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import architecture_test  # noqa: E402
import source_text  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = (".ci", "bench", "cmake", "docs", "releases", "src", "tests", "tools")
CODE = (".cpp", ".h")
# Documents in which every name is looked up.
NAMING = ("README.md", "ARCHITECTURE.md", "docs/life-of-a-job.md", "docs/engines.md",
          "docs/checklists/*.md", "docs/adr/*.md")
CHECKLIST_PLACES_MAX = 5
FILE_SPAN = re.compile(r"^[\w./*-]+\.(cpp|h|py|json|cmake)$")
FUNCTION_SPAN = re.compile(r"^((?:\w+::)*)(\w+)\(\)$")


def read(path):
    return path.read_text(encoding="utf-8")


def name(path):
    return str(path.relative_to(ROOT))


def documents(patterns=("*.md", "docs/**/*.md")):
    return sorted({path for pattern in patterns for path in ROOT.glob(pattern)})


def without_blocks(text):
    """The prose, with as many lines: nothing is looked up in a code block."""
    return re.sub(r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), text,
                  flags=re.MULTILINE | re.DOTALL)


@functools.cache
def sources():
    return Sources()


class Sources:
    """Every file of the project, and the code of each C++ file without comments and literals."""

    def __init__(self):
        self.files = [path.relative_to(ROOT).as_posix() for folder in FOLDERS
                      for path in (ROOT / folder).rglob("*") if path.is_file()]
        self.code = {file: source_text.code_only(read(ROOT / file)) for file in self.files
                     if file.startswith("src/") and file.endswith(CODE)}

    def named(self, file):
        """The files that the words of a document may mean: a whole path, or the end of one."""
        pattern = re.compile(r"(^|/)" + re.escape(file).replace(r"\*", "[^/]*") + "$")
        return [known for known in self.files if pattern.search(known)]

    def has(self, function, files=None):
        """A definition or a use: what is used and compiles is defined."""
        owner, plain = FUNCTION_SPAN.match(function).groups()
        texts = [self.code[file] for file in (files or self.code) if file in self.code]
        texts = [text for text in texts if plain in text]
        inside = re.compile(r"\b" + plain + r"\s*\(")
        if not owner:
            return any(inside.search(text) for text in texts)
        kind = owner.split("::")[-2]
        outside = re.compile(r"\b" + kind + "::" + plain + r"\s*\(")
        declared = re.compile(r"\b(class|struct)\s+" + kind + r"\b[^;]*\{")
        return any(outside.search(text) or (declared.search(text) and inside.search(text))
                   for text in texts)


def wrong_names(text, known):
    """What a document names and the sources do not have, with the line."""
    prose = without_blocks(text)
    for span in re.finditer(r"`([^`\n]+)`", prose):
        line = prose.count("\n", 0, span.start()) + 1
        if FILE_SPAN.match(span[1]) and "/" + span[1] not in MADE_LATER:
            if not known.named(span[1]):
                yield f"{line}: there is no file {span[1]}"
        elif FUNCTION_SPAN.match(span[1]) and not known.has(span[1]):
            yield f"{line}: there is no function {span[1]}"
    for pair in re.finditer(r"`([\w:]+\(\))`\s+in\s+`([\w./-]+\.(?:cpp|h))`", prose):
        line = prose.count("\n", 0, pair.start()) + 1
        if known.has(pair[1]) and not known.has(pair[1], known.named(pair[2])):
            yield f"{line}: {pair[1]} is not in {pair[2]}"


# Files that the program writes at run time.
MADE_LATER = {"/manager.json", "/agent.json", "/agent-state.json", "/agent-plan.json",
              "/lease.json", "/manifest.json"}


def anchors(text):
    """The anchors of a document's headings, as GitHub makes them."""
    for heading in re.findall(r"^#+ +(.+)$", without_blocks(text), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def wrong_links(path, text):
    for link in re.finditer(r"\]\(([^)\s]+)\)", without_blocks(text)):
        target, _, anchor = link[1].partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        there = (path.parent / target) if target else path
        if not there.exists():
            yield f"the link to {target} leads nowhere"
        elif anchor and anchor not in anchors(read(there)):
            yield f"{target} has no heading #{anchor}"


class DocsTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.sources = sources()

    def expect_none(self, complaints):
        if complaints:
            self.fail(f"{len(complaints)}:\n" + "\n".join(complaints))

    def test_what_is_named_exists(self):
        self.expect_none([f"{name(path)}:{complaint}" for path in documents(NAMING)
                          for complaint in wrong_names(read(path), self.sources)])

    def test_links_lead_somewhere(self):
        self.expect_none([f"{name(path)}: {complaint}" for path in documents()
                          for complaint in wrong_links(path, read(path))])

    def test_decisions_are_numbered(self):
        found = sorted((ROOT / "docs" / "adr").iterdir())
        self.assertTrue(found)
        for number, path in enumerate(found, 1):
            self.assertRegex(path.name, rf"^{number:04}-[a-z0-9-]+\.md$")
            self.assertRegex(read(path), rf"^# {number}\. \w")

    def test_checklists_have_few_places(self):
        found = documents(("docs/checklists/*.md",))
        self.assertEqual([path.stem for path in found],
                         ["add-a-command", "add-a-provider", "add-an-effect", "add-an-endpoint",
                          "add-an-engine"])
        for path in found:
            places = re.findall(r"^(\d)\. ", read(path), re.MULTILINE)
            self.assertLessEqual(len(places), CHECKLIST_PLACES_MAX, name(path))
            self.assertEqual(places, [str(i) for i in range(1, len(places) + 1)], name(path))

    def test_the_rooms_are_those_of_the_build(self):
        rows = re.findall(r"^\| `(\w+)` \| .* \| ([^|]*) \|$", read(ROOT / "ARCHITECTURE.md"),
                          re.MULTILINE)
        told = {room: set(deps.split()) - {"–"} for room, deps in rows}
        self.assertEqual(told.pop("app"), {"all"})
        self.assertEqual(told, architecture_test.room_table(read(ROOT / "CMakeLists.txt")))

    def test_the_architecture_is_one_page(self):
        self.assertLessEqual(read(ROOT / "ARCHITECTURE.md").count("\n"), 120)

    # ---- engines.md ----

    def engine_texts(self):
        return "\n".join(read(ROOT / file) for file in self.sources.files
                         if file.startswith("src/engine/") and file.endswith(CODE)
                         and not file.endswith("_test.cpp"))

    def test_settings_of_the_engines_are_set(self):
        code = re.sub(r'"\s*\n\s*"', "", self.engine_texts())
        told = set(re.findall(r"`((?:(?:dfs|yarn|spark|hadoop|ipc)\.|-X|-D)[\w.:+=-]*)`",
                              read(ROOT / "docs" / "engines.md")))
        self.assertGreater(len(told), 30)
        self.expect_none([f"docs/engines.md: nobody sets {setting}" for setting in sorted(told)
                          if setting not in code])

    def test_ports_of_the_engines_are_theirs(self):
        table = re.search(r"\| server \| ports \|\n(.*?)\n\n", read(ROOT / "docs" / "engines.md"),
                          re.DOTALL)[1]
        told = {int(number) for number in re.findall(r"\b\d{4,5}\b", table)}
        code = read(ROOT / "src" / "engine" / "ports.h").replace("'", "")
        given = {int(number) for number in re.findall(r"= (\d{4,5});", code)}
        self.assertEqual(told | {4000}, given)  # 4000 sets of DataNode ports

    # ---- README.md ----

    def test_the_picture_is_drawn_from_its_text(self):
        with tempfile.TemporaryDirectory() as folder:
            drawn = pathlib.Path(folder) / "terminal.svg"
            subprocess.run([sys.executable, ROOT / "tools" / "terminal-picture",
                            ROOT / "docs" / "terminal.txt", drawn], check=True)
            self.assertEqual(read(drawn), read(ROOT / "docs" / "terminal.svg"),
                             "tools/terminal-picture docs/terminal.txt docs/terminal.svg")

    def test_commands_of_the_readme_exist(self):
        blocks = re.findall(r"^```\n(.*?)^```", read(ROOT / "README.md"),
                            re.MULTILINE | re.DOTALL)
        tools = re.findall(r"\btools/[\w-]+", "\n".join(blocks))
        self.assertEqual(tools[:2], ["tools/quick-start", "tools/test"])
        for tool in tools:
            self.assertTrue((ROOT / tool).is_file(), tool)

    # ---- cli.md ----

    def test_settings_in_examples_may_be_set(self):
        owned = set(re.findall(r'^    \{"(spark[\w.]*)", "', read(
            ROOT / "src" / "engine" / "spark" / "settings.cpp"), re.MULTILINE))
        self.assertGreater(len(owned), 20)
        for path in documents():
            for setting in re.findall(r"\b(spark\.[\w.]+)=", read(path)):
                self.assertNotIn(setting, owned, name(path))


class CheckerTest(unittest.TestCase):
    """The looking-up itself: one that finds everything would let everything pass."""

    def setUp(self):
        self.sources = sources()

    def wrong(self, text):
        return list(wrong_names(text, self.sources))

    def test_right_names_pass(self):
        self.assertEqual(self.wrong(
            "`decide_lease()` in `control/decide_lease.cpp`, `deciders.h`, `agent.json`,\n"
            "`ControlLoop::turn()` in\n`src/control/loop.cpp`, `src/engine/fake/*.h`, `a b`"), [])

    def test_a_function_that_vanished_is_found(self):
        self.assertEqual(self.wrong("one\n`decide_nothing()`"),
                         ["2: there is no function decide_nothing()"])
        self.assertEqual(self.wrong("`ControlLoop::rent()`"),
                         ["1: there is no function ControlLoop::rent()"])

    def test_a_file_that_vanished_is_found(self):
        self.assertEqual(self.wrong("`control/nowhere.cpp`"),
                         ["1: there is no file control/nowhere.cpp"])

    def test_a_function_that_moved_is_found(self):
        self.assertEqual(self.wrong("`decide_lease()` in `app/main.cpp`"),
                         ["1: decide_lease() is not in app/main.cpp"])
        self.assertEqual(self.wrong("`ControlLoop::turn()`\nin `app/main.cpp`"),
                         ["1: ControlLoop::turn() is not in app/main.cpp"])

    def test_names_in_comments_are_no_functions(self):
        known = Sources()
        known.code = {"planted.cpp": source_text.code_only("// f_told()\n\"f_told()\"; f_real();")}
        self.assertFalse(known.has("f_told()"))
        self.assertTrue(known.has("f_real()"))

    def test_wrong_links_are_found(self):
        readme = ROOT / "README.md"
        text = "[a](nowhere.md) [b](docs/api.md) [c](https://e.org/x) [d](docs)"
        self.assertEqual(list(wrong_links(readme, text)), ["the link to nowhere.md leads nowhere"])
        self.assertEqual(list(anchors("# A b!\n## `c` d\n```\n# no\n```")), ["a-b", "c-d"])
        found = list(wrong_links(readme, "[x](docs/api.md#no-such-heading)"))
        self.assertEqual(found, ["docs/api.md has no heading #no-such-heading"])


if __name__ == "__main__":
    unittest.main()
