"""The tree shows the architecture: these tests keep what it shows true."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src"
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)

# Headers through which code reaches files, sockets, processes or the environment.
IO_HEADERS = re.compile(
    r"^(unistd\.h|fcntl\.h|poll\.h|signal\.h|spawn\.h|dlfcn\.h|csignal|fstream|iostream|filesystem|thread|"
    r"sys/.*|boost/.*|curl/.*)$"
)
PURE_FOLDERS = ["model", "wire", "engine", "workflow"]
# Parts of base that do IO, and calls that ask the world without a header that gives them away.
IO_PARTS_OF_BASE = {"base/file.h", "base/descriptor.h", "base/signals.h", "base/blocking_calls.h"}
IO_CALLS = re.compile(
    r"\b(getenv|mono_ms|wall_ms|system_time_zone|use_time_zone|localtime(_r)?|printf|fopen|system|"
    r"(system|steady|high_resolution)_clock::now|random_device)\s*\("
)
COMMENT = re.compile(r"//[^\n]*")
# Types that are also words of 3.1 itself or of a protocol: their names in src need not mean a plugin.
COMMON_WORDS = {"SWITCH", "HTTP"}


def plugin_types() -> set[str]:
    texts = [path.read_text() for path in (ROOT / "plugins").glob("*/CMakeLists.txt")]
    return {name for text in texts for name in re.findall(r"\bTYPE (\w+)", text)}


def sources(*folders: str) -> list[pathlib.Path]:
    """C++ files of these folders of src; of all of it when none is given."""
    roots = [SOURCES / folder for folder in folders] or [SOURCES]
    return [path for root in roots for path in sorted(root.rglob("*")) if path.suffix in {".h", ".cc"}]


def declared_dependencies() -> dict[str, set[str]]:
    """Folder -> folders it may include, transitively, as src/CMakeLists.txt declares them."""
    text = (SOURCES / "CMakeLists.txt").read_text()
    direct: dict[str, set[str]] = {}
    for name, rest in re.findall(r"^porpoise_library\((\w+)([^)]*)\)", text, re.MULTILINE):
        depends = re.search(r"DEPENDS ([\w\s]+?)(?: LIBRARIES|$)", rest)
        direct[name] = set(depends.group(1).split()) if depends else set()
        unknown = direct[name] - direct.keys()
        assert not unknown, f"{name} depends on {unknown}, which stand below it: arrows go one way"
    closed: dict[str, set[str]] = {}
    for name, depends in direct.items():
        closed[name] = {name} | depends | set().union(*(closed[d] for d in depends))
    return closed


def includes(path: pathlib.Path) -> list[tuple[bool, str]]:
    return [(mark == '"', name) for mark, name in INCLUDE.findall(path.read_text())]


class Layers(unittest.TestCase):
    def test_every_source_folder_is_a_declared_library(self):
        folders = {p.name for p in SOURCES.iterdir() if p.is_dir()}
        self.assertEqual(folders, set(declared_dependencies()))

    def test_includes_follow_the_declared_arrows(self):
        allowed = declared_dependencies()
        wrong = []
        for path in SOURCES.glob("*/**/*.*"):
            for own, name in includes(path):
                folder = name.split("/")[0]
                if own and folder in allowed and folder not in allowed[path.relative_to(SOURCES).parts[0]]:
                    wrong.append(f"{path.relative_to(ROOT)} includes {name}")
        self.assertEqual(wrong, [])

    def test_pure_code_does_no_io(self):
        pure = sources(*PURE_FOLDERS)
        self.assertGreater(len(pure), 10)
        wrong = [
            f"{path.relative_to(ROOT)} includes {name}"
            for path in pure
            for own, name in includes(path)
            if (name in IO_PARTS_OF_BASE if own else IO_HEADERS.match(name))
        ]
        for path in pure:
            for call in IO_CALLS.finditer(COMMENT.sub("", path.read_text())):
                wrong.append(f"{path.relative_to(ROOT)} calls {call[1]}")
        self.assertEqual(wrong, [])

    def test_a_new_task_type_changes_nothing_in_src(self):
        types = plugin_types()
        self.assertIn("OPENMLDB", types)
        wrong = []
        for path in sources():
            for name in re.findall(r'"(\w+)"', COMMENT.sub("", path.read_text())):
                if name in types - COMMON_WORDS:
                    wrong.append(f'{path.relative_to(ROOT)} has the text "{name}"')
        for path in sources("cli", "replay"):
            for name in types - COMMON_WORDS:
                if re.search(rf"\b{name}\b", path.read_text()) or name == "OPENMLDB" and name in path.read_text().upper():
                    wrong.append(f"{path.relative_to(ROOT)} names {name}")
        self.assertEqual(wrong, [])

    def test_a_class_says_who_owns_it_or_on_which_thread_it_lives(self):
        words = re.compile(r"\b([Oo]wned by|[Bb]elongs to|[Tt]hreads?|[Pp]ure|[Aa] value|[Vv]alues)\b")
        heads = re.compile(r"^//.*", re.MULTILINE)  # of the file and of its classes, not of members
        wrong = []
        for path in sources():
            text = path.read_text()
            if path.suffix == ".h" and re.search(r"^class \w+[^;]*{", text, re.MULTILINE):
                if not words.search(" ".join(heads.findall(text))):
                    wrong.append(str(path.relative_to(ROOT)))
        self.assertEqual(wrong, [])

    def test_plugins_reach_only_the_pure_and_shared_parts(self):
        shared = {"base", "model", "es5"}
        wrong = []
        for path in (ROOT / "plugins").glob("*/*.*"):
            if path.suffix not in {".cc", ".h"}:
                continue
            for own, name in includes(path):
                folder = name.split("/")[0]
                if own and (SOURCES / folder).is_dir() and folder not in shared:
                    wrong.append(f"{path.relative_to(ROOT)} includes {name}")
        self.assertEqual(wrong, [])

    def test_headers_are_included_once_and_say_what_they_are(self):
        for path in list(SOURCES.glob("*/**/*.h")) + list((ROOT / "plugins").glob("*/*.h")):
            with self.subTest(path=str(path.relative_to(ROOT))):
                text = path.read_text()
                self.assertIn("#pragma once", text)
                self.assertTrue(text.startswith("// "), "a header begins with what it is")

    def test_the_readme_of_src_names_files_that_there_are(self):
        text = (SOURCES / "README.md").read_text()
        rooms = "|".join(declared_dependencies())
        named = set(re.findall(rf"`((?:{rooms})/[\w/]+\.(?:h|cc))`", text))
        self.assertGreater(len(named), 20)
        self.assertEqual([name for name in sorted(named) if not (SOURCES / name).is_file()], [])

    def test_a_dispatch_is_followed_through_at_most_20_files(self):
        text = (SOURCES / "README.md").read_text()
        way = text.split("## A dispatch, from frame to acknowledgement")[1].split("\n## ")[0]
        self.assertIn(len(set(re.findall(r"`([\w/]+\.(?:h|cc))`", way))), range(10, 21))

    def test_top_level_layout_is_the_agreed_one(self):
        agreed = {"CMakeLists.txt", "include", "src", "plugins", "tests", "docker", "examples", "README.md", "LICENSE"}
        agreed |= {"CMakePresets.json", "CHANGELOG.md", "run", "build"}
        found = {p.name for p in ROOT.iterdir() if not p.name.startswith(".")}
        self.assertEqual(found - agreed, set())


if __name__ == "__main__":
    unittest.main()
