"""What a unity build needs: it makes one file of several of a folder, so their unnamed namespaces are one, too."""

import re
import unittest
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNNAMED = re.compile(r"^namespace \{\n(.*?)^\}  // namespace$", re.MULTILINE | re.DOTALL)
CONSTANT = re.compile(r"^(?:inline |static )?constexpr [^(=;{]*?\b(\w+)(?:\[\w*\])?(?: = |\{|\()")
TYPE = re.compile(r"^(?:struct|class|enum class|enum) (\w+)(?: final)?(?: :| \{|;)")
FUNCTION = re.compile(r"^(?!using|template|namespace|return)\w[^;={]*?\b(\w+)\(([^;{]*)\)[^;{]*\{")
BLANKS = re.compile(r"\s+")


def names_in(text):
    """The constants, types and functions, these with their parameters, of each unnamed namespace in a source."""
    for body in UNNAMED.findall(text):
        for line in re.split(r"\n(?=\S)", body):
            for pattern in (CONSTANT, TYPE, FUNCTION):
                if found := pattern.match(line):
                    yield BLANKS.sub(" ", " ".join(found.groups()))
                    break


def units():
    """Folder -> its sources: subfolders of src are compiled with their folder, those of plugins for themselves."""
    folders = defaultdict(list)
    for source in sorted((ROOT / "src").glob("*/**/*.cc")):
        folders[ROOT / "src" / source.relative_to(ROOT / "src").parts[0]].append(source)
    for source in sorted((ROOT / "plugins").glob("*/**/*.cc")):
        folders[source.parent].append(source)
    return folders


class Unity(unittest.TestCase):
    def test_names_in_unnamed_namespaces_are_unique_within_a_folder(self):
        clashes = []
        for folder, sources in units().items():
            places = defaultdict(set)
            for source in sources:
                for name in names_in(source.read_text()):
                    places[name].add(source.name)
            clashes += [f"{folder.relative_to(ROOT)}: {name} in {', '.join(sorted(files))}"
                        for name, files in places.items() if len(files) > 1]
        self.assertEqual(clashes, [], "a unity build compiles these files as one")

    def test_finds_constants_types_and_functions(self):
        text = "namespace {\n\nconstexpr int kTen = 10;\nstruct Pair {\n  int kTen;\n};\nint twice(int one,\n          int two) {\n" \
               "  return one;\n}\n\n}  // namespace\n"
        self.assertEqual(list(names_in(text)), ["kTen", "Pair", "twice int one, int two"])


if __name__ == "__main__":
    unittest.main()
