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
        pure = [p for folder in PURE_FOLDERS for p in (SOURCES / folder).rglob("*.*")]
        self.assertGreater(len(pure), 10)
        wrong = [
            f"{path.relative_to(ROOT)} includes <{name}>"
            for path in pure
            for own, name in includes(path)
            if not own and IO_HEADERS.match(name)
        ]
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

    def test_top_level_layout_is_the_agreed_one(self):
        agreed = {"CMakeLists.txt", "include", "src", "plugins", "tests", "docker", "examples", "README.md", "LICENSE"}
        agreed |= {"CMakePresets.json", "CHANGELOG.md", "run", "build"}
        found = {p.name for p in ROOT.iterdir() if not p.name.startswith(".")}
        self.assertEqual(found - agreed, set())


if __name__ == "__main__":
    unittest.main()
