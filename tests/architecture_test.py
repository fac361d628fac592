#!/usr/bin/env python3
"""The architecture as a test: what includes what, how large things grow, which words are out.

The rooms and their arrows are read from the table in CMakeLists.txt. Run it alone:
  python3 tests/architecture_test.py
"""

import ast
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import source_text  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("src", "tests", "tools", "docs", "bench")
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100

CPP = (".cpp", ".h")
SCRIPTS = (".py", ".sh", ".cmake")

# Foreign headers have one home: the rooms that may include them.
LIBRARY_HOMES = {
    r"curl/": {"net"},
    r"spdlog/": {"base"},
    r"SQLiteCpp/|sqlite3": {"store"},
    r"archive(_entry)?\.h": {"release", "stream"},
    r"zlib\.h": {"release", "stream", "api"},
    r"CLI/": {"cli"},
    r"pugi": {"provider"},
    r"toml\+\+/": {"cli"},
    r"boost/(beast|asio)": {"api"},
    r"boost/json": {"base"},
    r"openssl/": {"base", "net"},
    r"libssh/": {"transport"},
    r"g(test|mock)/": {"*_test"},
}

# Word (as a regular expression over code, without comments and literals) → what to do instead, and
# the files where it may stand nevertheless.
BANNED_IN_CPP = [
    (r"\bsleep_(for|until)\b|\bu?sleep\s*\(|\bnanosleep\b",
     "wait for a descriptor, a condition or a deadline", ()),
    (r"\bp?poll\s*\(\s*(nullptr|NULL|0)\s*,|\bselect\s*\(\s*0\s*,",
     "that is a sleep: wait for a descriptor, a condition or a deadline", ("lock_file.cpp",)),
    (r"(?<!\w)system\s*\(|\bpopen\s*\(", "use run() of base/subprocess.h", ()),
    (r"\.detach\s*\(\)", "own the thread and join it", ()),
    (r"\b(class|struct)\s+\w*Manager\b", "name it by what it decides or holds", ()),
    (r"\breinterpret_cast<(?!(const )?(sockaddr|Bytef|(unsigned )?char)\s*\*>)",
     "convert by value, or by memcpy", ()),
    (r"\bcatch\s*\([^)]*\)\s*\{\s*\}", "turn the exception into a Result", ()),
    (r"[^(\s]\s*\bnew\s+[A-Z]\w*", "use std::make_unique, or hand it to an owner at once", ()),
    (r"\bDISABLED_\w+", "mend the test, or remove it", ()),
]
BANNED_IN_HEADERS = [
    (r"^using namespace\b", "write the names, or put it into a function", ()),
]
# Also over comments and literals, and in every kind of file.
BANNED_ANYWHERE = [
    (r"\b(TODO|FIXME|XXX)\b", "do it now, or write an issue", ()),
    (r"/work/(main|shared|\.library)\b|(?<![\w/$\"}])/root/",
     "take the path from the environment or the arguments", ("try-on-bare-root",)),
]
BANNED_IN_PYTHON = [
    # manager.py has eventually(), lib.py the pauses of measurements; the others are, or hold in a
    # literal, programs that keep a cluster busy.
    (r"\btime\.sleep\s*\(|\bEvent\(\)\.wait\(\s*[^)\s]",
     "wait by eventually() with a deadline",
     ("manager.py", "lib.py", "look_around.py", "pages_test.py", "slow.py")),
    (r"\bos\.(system|popen)\s*\(|\bshell\s*=\s*True", "run an argv list", ()),
    (r"^\s*except\s*:|^\s*except Exception:\s*pass", "name the exceptions, and handle them", ()),
]


def files(folders=FOLDERS, suffixes=None):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            hidden = any(part.startswith((".", "__pycache__", "node_modules"))
                         for part in path.relative_to(ROOT).parts)
            if path.is_file() and not hidden and (suffixes is None or path.suffix in suffixes):
                yield path


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def is_text(path):
    return b"\0" not in path.read_bytes()[:4096]


def name(path):
    return str(path.relative_to(ROOT))


def room_table(text):
    """{room: rooms it may include} from the lines `bdaas_room(NAME DEPS a b LIBS …)`."""
    table = {}
    for room, rest in re.findall(r"^bdaas_room\((\w+)\s+DEPS\s+([^)]*)\)", text, re.MULTILINE):
        table[room] = {dep for dep in rest.split("LIBS")[0].split() if dep != '""'}
    return table


def includes(path):
    """(line number, name, in quotes) of every #include."""
    for number, line in enumerate(source_text.without_comments(read(path)).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match[2], match[1] == '"'


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield source_text.Function(node.name, node.lineno, node.end_lineno - node.lineno + 1)


class ArchitectureTest(unittest.TestCase):
    maxDiff = None

    def expect_none(self, complaints):
        if complaints:
            self.fail(f"{len(complaints)}:\n" + "\n".join(complaints))

    # ---- rooms ----

    def setUp(self):
        self.rooms = room_table(read(ROOT / "CMakeLists.txt"))

    def room_of(self, path):
        return path.relative_to(ROOT / "src").parts[0]

    def test_every_folder_of_src_is_a_room(self):
        folders = {path.name for path in (ROOT / "src").iterdir() if path.is_dir()}
        self.assertGreaterEqual(len(self.rooms), 10, "the table was not understood")
        self.assertEqual(folders - {"app"}, set(self.rooms))

    def test_the_table_has_no_circle(self):
        done = set()
        while len(done) < len(self.rooms):
            ready = {room for room, deps in self.rooms.items() if deps <= done} - done
            self.assertTrue(ready, f"a circle among {sorted(set(self.rooms) - done)}")
            done |= ready

    def test_rooms_include_only_downwards(self):
        complaints = []
        for path in files(("src",), CPP):
            room = self.room_of(path)
            for line, header, quoted in includes(path):
                target = header.split("/")[0]
                if not quoted:
                    continue
                if not (ROOT / "src" / header).is_file() and not header.startswith("generated/"):
                    complaints.append(f'{name(path)}:{line}: "{header}": write the path from src/')
                elif room != "app" and target != room and target not in self.rooms[room]:
                    complaints.append(f"{name(path)}:{line}: {room} may not include {header}")
        self.expect_none(complaints)

    def test_libraries_stay_in_their_rooms(self):
        complaints = []
        for path in files(("src",), CPP):
            room = self.room_of(path)
            for line, header, quoted in includes(path):
                for pattern, homes in LIBRARY_HOMES.items():
                    is_test = path.stem.endswith("_test") or "test" in path.stem.split("_")
                    at_home = room in homes or (is_test and "*_test" in homes)
                    if not quoted and re.match(pattern, header) and not at_home:
                        complaints.append(f"{name(path)}:{line}: <{header}> belongs to {homes}")
        self.expect_none(complaints)

    def test_the_agent_is_made_of_three_rooms(self):
        self.assertEqual(self.rooms["agent"], {"base", "model"})

    # ---- headers ----

    def test_headers_begin_with_pragma_once(self):
        self.expect_none([f"{name(path)}: begin it with #pragma once"
                          for path in files(suffixes=(".h",))
                          if not read(path).startswith("#pragma once\n")])

    def test_every_header_is_included_by_another_unit(self):
        included = {}
        for path in files(("src", "tests", "bench"), CPP):
            for _, header, _ in includes(path):
                included.setdefault(header, set()).add(path.stem.removesuffix("_test"))
        complaints = []
        for path in files(("src",), (".h",)):
            users = included.get(str(path.relative_to(ROOT / "src")), set()) - {path.stem}
            if not users:
                complaints.append(f"{name(path)}: no other unit includes it; remove it")
        self.expect_none(complaints)

    # ---- sizes ----

    def test_files_are_short(self):
        complaints = []
        for path in files(suffixes=CPP + SCRIPTS):
            lines = read(path).count("\n")
            if lines > FILE_LINES_MAX:
                complaints.append(f"{name(path)}: {lines} lines; at most {FILE_LINES_MAX}")
        self.expect_none(complaints)

    def test_functions_are_short(self):
        complaints = []
        for path in files(suffixes=CPP + (".py",)):
            find = python_functions if path.suffix == ".py" else source_text.functions
            for function in find(read(path)):
                if function.lines > FUNCTION_LINES_MAX:
                    complaints.append(f"{name(path)}:{function.line}: {function.name} has "
                                      f"{function.lines} lines; at most {FUNCTION_LINES_MAX}")
        self.expect_none(complaints)

    def test_lines_are_short(self):
        complaints = []
        for path in files(suffixes=CPP + SCRIPTS):
            for number, line in enumerate(read(path).splitlines(), 1):
                if len(line) > COLUMNS_MAX:
                    complaints.append(f"{name(path)}:{number}: {len(line)} columns; at most "
                                      f"{COLUMNS_MAX}")
        self.expect_none(complaints)

    # ---- words ----

    def complain(self, path, text, words):
        for pattern, instead, allowed in words:
            if path.name in allowed:
                continue
            for match in re.finditer(pattern, text, re.MULTILINE):
                line = text.count("\n", 0, match.start()) + 1
                yield f"{name(path)}:{line}: '{match[0].strip()}' is out: {instead}"

    def test_banned_words(self):
        complaints = []
        for path in files():
            if path == pathlib.Path(__file__).resolve() or not is_text(path):
                continue
            text = read(path)
            complaints += self.complain(path, text, BANNED_ANYWHERE)
            if path.suffix in CPP:
                words = BANNED_IN_CPP + (BANNED_IN_HEADERS if path.suffix == ".h" else [])
                complaints += self.complain(path, source_text.code_only(text), words)
            if path.suffix == ".py":
                complaints += self.complain(path, text, BANNED_IN_PYTHON)
        self.expect_none(complaints)

    # ---- documents ----

    def documents(self):
        yield from sorted(ROOT.glob("*.md"))
        yield from files(suffixes=(".md",))

    def test_documents_have_one_title(self):
        complaints = []
        titles = {}
        for path in self.documents():
            prose = re.sub(r"^(```|~~~).*?^\1", "", read(path), flags=re.MULTILINE | re.DOTALL)
            found = re.findall(r"^# +(.+)$", prose, re.MULTILINE)
            if len(found) != 1 or not read(path).startswith("# "):
                complaints.append(f"{name(path)}: begin it with its one title, '# …'")
            for title in found:
                other = titles.setdefault(title.strip().lower(), path)
                if other != path:
                    complaints.append(f"{name(path)}: {name(other)} has the same title")
        self.expect_none(complaints)

    def test_links_between_documents_lead_somewhere(self):
        complaints = []
        for path in self.documents():
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", read(path)):
                if "://" not in target and not (path.parent / target).exists():
                    complaints.append(f"{name(path)}: the link to {target} leads nowhere")
        self.expect_none(complaints)


class SourceTextTest(unittest.TestCase):
    """The measuring itself: a counter that sees nothing would let everything pass."""

    def lines_of(self, text):
        return [(function.name, function.line, function.lines) for function in
                source_text.functions(text)]

    def test_functions_are_found_with_their_lines(self):
        text = """namespace a {
struct S : Base<int (*)()> {
  S() : x_{1}, y_(2) {
  }
  int f() const { return 1; }
  std::vector<int> list = {1, 2};
};
template <class T, class U = void (*)()>
  requires Large<T>
Result<T> long_one(int a,
                   int b) {
  if (a) {
    call([&] { return '}'; });
  }
}
constexpr auto kTable = make({
    {1, "}"},
});
enum class E : int { a, b };
}
"""
        found = self.lines_of(text)
        self.assertIn(("f", 5, 1), found)
        self.assertIn(("long_one", 8, 8), found)
        self.assertEqual([n for n, _, _ in found if n in ("kTable", "E", "S::list")], [])

    def test_literals_and_comments_hide_their_braces(self):
        text = 'void f() {\n  // }\n  auto a = "}";\n  auto b = R"x({{{)x";\n  char c = \'{\';\n' \
               "  int d = 1'000'000;\n}\nvoid g() {\n}\n"
        self.assertEqual(self.lines_of(text), [("f", 1, 7), ("g", 8, 2)])

    def test_directives_are_passed_over(self):
        text = "#define OPEN(x) \\\n  if (x) {\nvoid f() {\n}\n"
        self.assertEqual(self.lines_of(text), [("f", 3, 2)])

    def test_words_in_comments_and_literals_are_not_code(self):
        self.assertNotIn("sleep", source_text.code_only('f("sleep(1)");  // sleep(1)\n/* sleep */'))
        self.assertIn("sleep", source_text.code_only('f(""); sleep(1);'))

    def test_every_banned_word_is_found(self):
        examples = ["std::this_thread::sleep_for(x)", "::poll(nullptr, 0, 20)", "system(x)",
                    "thread.detach()", "class ClusterManager {", "reinterpret_cast<Foo*>(x)",
                    "catch (...) {}", "p = new Foo", "TEST(A, DISABLED_b)", "using namespace std;"]
        words = BANNED_IN_CPP + BANNED_IN_HEADERS
        for example, (pattern, _, _) in zip(examples, words, strict=True):
            self.assertRegex(example, re.compile(pattern, re.MULTILINE))
        for fine in ("renew Foo", "file_system(x)", "unique_ptr<Foo>(\n  new Foo)", "is_sleep(x)",
                     "poll(fds, 0, 1)",
                     "reinterpret_cast<const sockaddr*>(&x)", "  using namespace detail;"):
            for pattern, _, _ in words:
                self.assertNotRegex(fine, re.compile(pattern, re.MULTILINE))

    def test_the_room_table_is_read(self):
        text = 'bdaas_room(base DEPS "" LIBS fmt::fmt)\nbdaas_room(net DEPS base model\n  LIBS c)\n'
        self.assertEqual(room_table(text), {"base": set(), "net": {"base", "model"}})


if __name__ == "__main__":
    unittest.main()
