"""Man pages, completions and the example of porpoise.yaml: all from the declarations that --help comes from."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from replay_case import find_binary

DEADLINE = 60  # seconds for one program; sanitizers and a busy machine included


class Documents(unittest.TestCase):
    binary = find_binary()

    def porpoise(self, *arguments, status=0):
        done = subprocess.run([self.binary, *arguments], text=True, capture_output=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def commands(self):
        """As --help lists them."""
        listed = self.porpoise("--help").split("Subcommands:\n")[1]
        return re.findall(r"^  ([a-z]\w*)", listed, re.MULTILINE)


class ManPages(Documents):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        cls.folder = Path(cls._folder.name)
        subprocess.run([cls.binary, "help", "--man-dir", cls.folder], check=True, timeout=DEADLINE)
        cls.pages = sorted(cls.folder.glob("man*/*"))

    def test_each_command_has_a_page_and_porpoise_names_it(self):
        commands = self.commands()
        self.assertIn("worker", commands)
        self.assertEqual({page.name for page in self.pages},
                         {"porpoise.1", "porpoise.yaml.5"} | {f"porpoise-{command}.1" for command in commands})
        text = (self.folder / "man1/porpoise.1").read_text()
        for command in commands:
            self.assertIn(f"porpoise\\-{command}(1)", text)

    def test_the_page_of_a_command_has_every_option_of_its_help(self):
        help_text = self.porpoise("replay", "--help")
        page = (self.folder / "man1/porpoise-replay.1").read_text().replace("\\-", "-")
        options = re.findall(r"^  (?:-\w,)?(--[\w-]+)", help_text, re.MULTILINE)
        self.assertGreater(len(options), 20)
        self.assertEqual([option for option in options if option not in page], [])

    def test_a_page_is_printed_by_its_name_and_by_that_of_its_command(self):
        page = (self.folder / "man1/porpoise-config.1").read_text()
        self.assertEqual(self.porpoise("help", "--man", "config"), page)
        self.assertEqual(self.porpoise("help", "--man", "porpoise-config"), page)
        self.assertIn("there is no page 'nothing'", self.porpoise("help", "--man", "nothing", status=2))

    @unittest.skipUnless(shutil.which("mandoc"), "SKIPPED: there is no mandoc here")
    def test_mandoc_warns_of_nothing(self):
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *self.pages], text=True, capture_output=True,
                              timeout=DEADLINE)
        self.assertEqual((done.stdout, done.returncode), ("", 0))

    @unittest.skipUnless(shutil.which("groff"), "SKIPPED: there is no groff here")
    def test_groff_warns_of_nothing(self):
        """As `man --warnings`, without its caches and pagers."""
        for page in self.pages:
            with self.subTest(page.name):
                done = subprocess.run(["groff", "-mandoc", "-Tutf8", "-wmac", "-wdelim", "-wbreak", "-wsyntax", page],
                                      text=True, capture_output=True, timeout=DEADLINE)
                self.assertEqual((done.stderr, done.returncode), ("", 0))
                self.assertIn("SEE ALSO", re.sub(r".\x08|\x1b\[\d*m", "", done.stdout))

    def test_help_of_a_command_is_that_of_its_option(self):
        self.assertEqual(self.porpoise("help", "config", "show"), self.porpoise("config", "show", "--help"))
        self.assertIn("did you mean 'worker'?", self.porpoise("help", "wroker", status=2))


class Example(Documents):
    def test_as_it_is_it_says_nothing(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(self.porpoise("config", "example"))
            file.flush()
            self.assertNotIn(file.name, self.porpoise("config", "show", "--config", file.name))

    def test_every_key_stands_there_with_its_default(self):
        """Without the # of each, it means what it meant before; those in capitals have no default."""
        example = self.porpoise("config", "example")
        uncommented = re.sub(r"^( *)#(?=[a-z])", r"\1", example, flags=re.MULTILINE)
        uncommented = re.sub(r"^ *[a-z-]+: [A-Z\"].*\n", "", uncommented, flags=re.MULTILINE)
        uncommented = uncommented.split("plugins:")[0]
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(uncommented)
            file.flush()
            shown = self.porpoise("config", "show", "--config", file.name)
        before = self.porpoise("config", "show")
        keys = re.findall(r"^(\S+)", before, re.MULTILINE)[1:]
        self.assertGreater(len(keys), 30)
        written = re.findall(r"^ +#([a-z-]+):", example, re.MULTILINE)
        self.assertEqual([key for key in keys if key.split(".")[-1] not in written and key != "plugins"], [])
        values = lambda text: {line.split()[0]: re.split(r"  +", line)[1] for line in text.splitlines()[1:] if line[:1].isalpha()}
        self.assertEqual(values(shown), values(before))
        self.assertGreater(shown.count(file.name), 25)


class Completions(Documents):
    """Of each shell, the candidates of a line; the last word is being typed."""

    def answers(self, *words):
        return [line.split("\t")[0] for line in self.porpoise("__complete", *words).splitlines()]

    def test_every_command_of_the_help_is_offered(self):
        self.assertEqual(self.answers(""), self.commands())
        self.assertEqual(self.answers("conf"), ["config"])
        self.assertIn("show", self.answers("config", ""))

    def test_options_their_choices_and_files(self):
        self.assertEqual(self.answers("worker", "--log-f"), ["--log-format"])
        self.assertEqual(self.answers("worker", "--log-format", ""), ["text", "json"])
        self.assertEqual(self.answers("worker", "--log-format=j"), ["--log-format=json"])
        self.assertEqual(self.answers("worker", "--sudo", "--no-su"), [])
        self.assertEqual(self.answers("worker", "--config", ""), [":files"])
        self.assertEqual(self.answers("replay", "x"), [":files"])
        self.assertEqual(self.answers("replay", "--plugin-dir", ""), [":folders"])
        self.assertEqual(self.answers("replay", "--set", "a=b", "--se"), ["--set"])
        self.assertEqual(self.answers("replay", "--", "--se"), [":files"])
        self.assertIn("SHELL", self.answers("plugins", "describe", ""))
        self.assertIn("openmldb", self.answers("sandbox", ""))

    def test_an_unknown_word_or_none_is_no_crash(self):
        for words in ([], ["nonsense", ""], ["worker", "--nonsense", ""], ["worker", "--nonsense="], ["--"], ["-"],
                      ["\xff\n\t", ""], ["replay", "--set", "", ""], ["config", "show", "a", "b", "c", ""]):
            with self.subTest(words):
                self.answers(*words)

    def bash(self, *words, script=None):
        """COMPREPLY, after completion of these words as readline breaks them."""
        program = f'''
            set -u; PATH={Path(self.binary).parent}:$PATH
            source <(porpoise completion bash)
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _porpoise porpoise "${{COMP_WORDS[-1]}}" "${{COMP_WORDS[-2]}}"
            printf '%s\\n' "${{COMPREPLY[@]}}"'''
        done = subprocess.run(["bash", "-c", program, "bash", "porpoise", *words], text=True, capture_output=True,
                              timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split("\n")[:-1]

    def test_bash_completes(self):
        self.assertEqual(self.bash("wor"), ["worker"])
        self.assertEqual(self.bash("worker", "--log-f"), ["--log-format"])
        self.assertEqual(self.bash("worker", "--log-format", "=", "j"), ["json"])
        self.assertEqual(self.bash("worker", "--log-format", "="), ["text", "json"])
        self.assertEqual(self.bash("worker", "--zookeeper", "zk1", ":", "2181", "--log-f"), ["--log-format"])
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "with blanks.yaml").touch()
            self.assertEqual(self.bash("worker", "--config", folder + "/w"), [folder + "/with blanks.yaml"])
            self.assertEqual(self.bash("worker", "--config", "=", folder + "/w"), [folder + "/with blanks.yaml"])

    @unittest.skipUnless(shutil.which("zsh"), "SKIPPED: there is no zsh here")
    def test_zsh_reads_its_script_and_completes(self):
        """A shell behind a terminal, as completion in zsh needs its line editor."""
        script = self.porpoise("completion", "zsh")
        subprocess.run(["zsh", "-n"], input=script, text=True, check=True, timeout=DEADLINE)
        program = r"""
            zmodload zsh/zpty
            zpty shell zsh -f -i
            zpty -w shell "PATH=$1:\$PATH; TERM=dumb; PS1=; autoload -U compinit; compinit -u -D; source <(porpoise completion zsh); echo re''ady"
            zpty -r shell line '*ready*' || exit 1
            # Before it is entered, a colon is put before it: it is completed, and nothing runs.
            zpty -w -n shell $'porpoise worker --log-form\t j\t\C-a: \C-e; echo do\'\'ne\n'
            zpty -r shell line '*done*' || exit 1
            print -r -- "$line"
        """
        done = subprocess.run(["zsh", "-f", "-c", program, "zsh", str(Path(self.binary).parent)], text=True,
                              capture_output=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"--log-format +json")

    @unittest.skipUnless(shutil.which("fish"), "SKIPPED: there is no fish here")
    def test_fish_reads_its_script_and_completes(self):
        script = self.porpoise("completion", "fish")
        with tempfile.TemporaryDirectory() as home:
            file = Path(home, "porpoise.fish")
            file.write_text(script)
            environment = {"HOME": home, "PATH": f"{Path(self.binary).parent}:/usr/bin:/bin"}
            def complete(line):
                done = subprocess.run(["fish", "-c", f"source {file}; complete --do-complete '{line}'"], text=True,
                                      capture_output=True, timeout=DEADLINE, env=environment)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                return [found.split("\t")[0] for found in done.stdout.splitlines()]
            self.assertEqual(complete("porpoise wor"), ["worker"])
            self.assertEqual(complete("porpoise worker --log-format "), ["json", "text"])
            self.assertIn("--log-format=json", complete("porpoise worker --log-format=j"))


if __name__ == "__main__":
    unittest.main()
