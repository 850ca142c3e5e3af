"""The scripts of the action, with the program ($HERDLAB) and a GitHub that is a file.

HERDLAB=target/release/herdlab python3 -m unittest discover --start-directory .github/review/tests
"""

import base64
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parent
SCRIPTS = TESTS.parent
ROOT = SCRIPTS.parent.parent
HERDLAB = Path(os.environ["HERDLAB"]).resolve()

SCENARIO = """
name = "checkout"
question = "May we cut the TTL?"
duration = "10s"
replications = 2

[workload]
arrivals = { poisson = { rate = 200 } }
keys = 100

[[tier]]
name = "l2"
scope = "shared"
ttl = "4s"

[database]
read = "5ms"
servers = 4
"""
LIMIT = '\n[[threshold]]\nmeasure = "db.qps.mean"\nmax = 1\n'


class Case(unittest.TestCase):
    """A repository with a scenario on main, cloned as a runner has it."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        self.origin = self.scratch / "origin"
        self.work = self.scratch / "work"
        self.github = self.scratch / "github.json"
        self.store(comments=[], objects={}, refs={})
        (self.origin / "caching").mkdir(parents=True)
        (self.origin / "caching/checkout.toml").write_text(SCENARIO)
        self.git(self.origin, "init", "--quiet", "--initial-branch", "main")
        self.git(self.origin, "add", ".")
        self.git(self.origin, "commit", "--quiet", "--message", "today")
        self.git(self.scratch, "clone", "--quiet", str(self.origin), str(self.work))
        (self.scratch / "bin").mkdir()
        (self.scratch / "bin/herdlab").symlink_to(HERDLAB)
        (self.scratch / "bin/gh").symlink_to(TESTS / "gh")

    def git(self, folder, *arguments):
        who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True)

    def store(self, **state):
        self.github.write_text(json.dumps(state))

    def stored(self):
        return json.loads(self.github.read_text())

    def change(self, old, new):
        path = self.work / "caching/checkout.toml"
        path.write_text(path.read_text().replace(old, new))

    def script(self, name, code=0, **environment):
        """Runs a script; gives its outputs and what it prints."""
        outputs, summary = self.scratch / "outputs", self.scratch / "summary.md"
        outputs.write_text("")
        summary.write_text("")
        settings = {
            "PATH": f"{self.scratch / 'bin'}:{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", "/"),
            "SCENARIO": "caching/*.toml",
            "BASE": "main",
            "ARGUMENTS": "",
            "REPORT": "herdlab-report",
            "PICTURE": "database-load",
            "ARTIFACT": "https://example.com/artifact",
            "PULL_REQUEST": "7",
            "HEAD": "abc",
            "SETTLE_S": "0",
            "FAKE_GITHUB": str(self.github),
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_ACTION_PATH": str(ROOT),
            "RUNNER_TEMP": str(self.scratch),
            **environment,
        }
        done = subprocess.run(
            [SCRIPTS / name], cwd=self.work, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.assertEqual(done.returncode, code, done.stdout)
        return outputs.read_text(), done.stdout

    def comment(self):
        (one,) = self.stored()["comments"]
        return one["body"]


class Review(Case):
    """What is run, and what a comment shows of it."""

    def test_a_change_is_held_against_the_base(self):
        self.change('ttl = "4s"', 'ttl = "1s"')
        outputs, _ = self.script("review")
        self.assertIn("code=0\n", outputs)
        self.assertIn("caching/checkout.toml: change: safe.", outputs)
        part = (self.work / "herdlab-report/caching-checkout.md").read_text()
        self.assertTrue(
            part.startswith("## `caching/checkout.toml`\n\n_May we cut the TTL?_\n\nBetween main and "), part
        )
        self.assertIn("- tier.l2.ttl: from 4s to 1s", part)
        self.assertEqual(part.count("!["), 1)
        chart = "![Database load over time](charts/database-load.png)\n\nDatabase load over time. "
        self.assertIn(f"**change: safe.**\n\n{chart}", part)
        self.assertIn("**change: safe.**", (self.scratch / "summary.md").read_text())
        self.assertTrue((self.work / "herdlab-report/caching-checkout/index.html").exists())
        # Nothing is left of the tree of the base.
        listed = subprocess.run(["git", "worktree", "list"], cwd=self.work, capture_output=True, text=True, check=True)
        self.assertEqual(len(listed.stdout.splitlines()), 1)

    def test_a_scenario_that_is_new_or_the_same_is_run_alone(self):
        (self.work / "caching/new.toml").write_text(SCENARIO.replace("checkout", "new"))
        outputs, _ = self.script("review", ARGUMENTS="--replications 3 --set 'tier.l2.ttl=2s'")
        self.assertEqual(outputs.count("safe."), 2, outputs)
        record = json.loads((self.work / "herdlab-report/caching-new/results.json").read_text())
        self.assertEqual(record["scenario"]["finished"], 3)
        self.assertEqual(record["scenario"]["overrides"], ["tier.l2.ttl=2s", "replications=3"])
        self.assertNotIn("after", record["scenario"])

    def test_the_worst_exit_code_is_the_gate(self):
        (self.work / "caching/broken.toml").write_text(SCENARIO.replace("checkout", "broken") + LIMIT)
        outputs, _ = self.script("review")
        self.assertIn("code=99\n", outputs)
        self.assertIn("**A threshold is broken.**", (self.work / "herdlab-report/caching-broken.md").read_text())
        (self.work / "caching/wrong.toml").write_text(SCENARIO.replace("servers = 4", "max_connections = 4"))
        outputs, _ = self.script("review")
        self.assertIn("code=2\n", outputs)
        part = (self.work / "herdlab-report/caching-wrong.md").read_text()
        self.assertIn("**Not run** (exit code 2).", part)
        self.assertIn("    error: ", part)
        self.assertIn("max_connections", part)

    def test_a_base_that_is_not_there_is_a_warning_and_a_scenario_that_is_not_an_error(self):
        _, told = self.script("review", BASE="gone")
        self.assertIn("::warning::gone cannot be fetched", told)
        _, told = self.script("review", code=2, SCENARIO="nowhere/*.toml")
        self.assertIn("::error::no scenario is called nowhere/*.toml", told)


class Comment(Case):
    """One comment, and a branch for its pictures."""

    def test_a_second_push_replaces_comment_and_picture(self):
        self.change('ttl = "4s"', 'ttl = "1s"')
        self.script("review")
        self.script("comment")
        address = "https://github.com/acme/shop/blob/herdlab-pictures/7/abc-caching-checkout.png?raw=true"
        self.assertIn(f"![Database load over time]({address})", self.comment())
        self.assertIn("[All figures and charts](https://example.com/artifact), of commit abc.", self.comment())
        self.assertTrue(self.comment().startswith("<!-- herdlab review -->\n## `caching/checkout.toml`"))
        self.script("comment", PULL_REQUEST="8", HEAD="xyz")
        self.script("comment", HEAD="def")
        store = self.stored()
        self.assertEqual([one["issue"] for one in store["comments"]], ["7", "8"])
        self.assertIn("7/def-caching-checkout.png", store["comments"][0]["body"])
        commit = store["objects"][store["refs"]["herdlab-pictures"]]
        self.assertNotIn("parents", commit)
        tree = {one["path"]: one["sha"] for one in store["objects"][commit["tree"]]["tree"]}
        self.assertEqual(sorted(tree), ["7/def-caching-checkout.png", "8/xyz-caching-checkout.png"])
        blob = store["objects"][tree["7/def-caching-checkout.png"]]
        picture = (self.work / "herdlab-report/caching-checkout/charts/database-load.png").read_bytes()
        self.assertEqual(base64.b64decode(blob["content"], validate=True), picture)

    def test_without_a_picture_the_words_remain(self):
        self.script("review", PICTURE="")
        self.script("comment", PICTURE="")
        self.assertNotIn("![", self.comment())
        self.assertIn("**base: safe.**", self.comment())
        self.assertEqual(self.stored()["refs"], {})

    def test_a_fork_may_not_comment_and_fails_nothing(self):
        self.script("review")
        self.store(comments=[], objects={}, refs={}, read_only=True)
        _, told = self.script("comment")
        self.assertIn("::warning::the pictures cannot be put on the branch herdlab-pictures", told)
        self.assertIn("::warning::the pull request cannot be commented", told)
        self.assertIn("Resource not accessible by integration (HTTP 403)", told)

    def test_a_long_comment_is_cut_below_the_limit(self):
        self.script("review")
        part = self.work / "herdlab-report/caching-checkout.md"
        part.write_text(part.read_text() + "a line with a wide sign: ≥\n" * 4_000)
        self.script("comment")
        self.assertLess(len(self.comment().encode()), 65_536)
        self.assertTrue(
            self.comment().endswith("The comment is cut here: [all figures](https://example.com/artifact)\n")
        )


class Install(Case):
    """A release as .github/pack makes it is what the action installs."""

    def setUp(self):
        super().setUp()
        manifest = (ROOT / "Cargo.toml").read_text()
        self.version = manifest.split('\nversion = "')[1].split('"')[0]
        self.releases = self.scratch / "releases"
        self.release = self.releases / f"v{self.version}"
        self.release.mkdir(parents=True)

    def install(self, code=0, **environment):
        path = self.scratch / "path"
        path.write_text("")
        settings = {"RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "RELEASES": self.releases.as_uri(), **environment}
        _, told = self.script("install", code, GITHUB_PATH=str(path), **settings)
        return path.read_text().strip(), told

    def test_the_packed_program_is_installed(self):
        target = "x86_64-unknown-linux-musl"
        packed = subprocess.run(
            [SCRIPTS.parent / "pack", target, HERDLAB, self.release], check=True, capture_output=True, text=True
        )
        self.assertEqual(packed.stdout, f"herdlab-v{self.version}-{target}.tar.gz\n")
        path, told = self.install()
        self.assertIn(f"herdlab {self.version}", told)
        folder = Path(path)
        found = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
        expected = ["herdlab", "README.md", "LICENSE-MIT", "man/herdlab-run.1", "completions/_herdlab"]
        self.assertEqual(set(expected) - found, set())

        with (self.release / packed.stdout.strip()).open("ab") as archive:
            archive.write(b"more")
        _, told = self.install(code=1)
        self.assertIn("FAILED", told)

    def test_another_version_without_a_binary_is_an_error(self):
        _, told = self.install(code=1, VERSION="9.9.9")
        self.assertIn(f"no binary of herdlab 9.9.9 for this runner, and only version {self.version} can be built", told)

    def test_one_command_puts_the_address_everywhere(self):
        clone = self.scratch / "clone"
        self.git(self.scratch, "clone", "--quiet", str(ROOT), str(clone))
        address = "https://github.com/acme/herdlab"
        # Fails while anything else is to do, such as a release of what the changelog has as unreleased.
        done = subprocess.run([clone / ".github/before-publishing", address], capture_output=True, text=True)
        self.assertIn("done     the repository's address\n", done.stdout)
        left = ["git", "grep", "-l", "OWNER" + "/herdlab", "--", ":!.github/before-publishing"]
        self.assertEqual(subprocess.run(left, cwd=clone, capture_output=True, text=True).stdout, "")
        listed = subprocess.run(["git", "status", "--short"], cwd=clone, capture_output=True, text=True, check=True)
        self.assertEqual({line[:3] for line in listed.stdout.splitlines()}, {" M "})


if __name__ == "__main__":
    unittest.main()
