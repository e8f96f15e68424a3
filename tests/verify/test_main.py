"""The command line as a user meets it: exit codes, one-line errors, nothing half-written."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import verify
from verify import __main__ as command

NETS = """
import torch
from torch import nn

class Tied(nn.Module):
    dim = 3
    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.randn(4, 3))
    def forward(self, x):
        return torch.tanh(x @ self.W.T) @ self.W

class Sine(Tied):
    def forward(self, x):
        return torch.sin(x @ self.W.T) @ self.W

class Untied(Tied):
    def __init__(self):
        super().__init__()
        self.V = nn.Parameter(torch.randn(4, 3))
    def forward(self, x):
        return torch.tanh(x @ self.W.T) @ self.V

class Mixed(Tied):
    def forward(self, x):
        return x - x.mean(0)

class Sized(nn.Module):
    def forward(self, x):
        return 2 * x

class Needy(nn.Module):
    def __init__(self, dim):
        super().__init__()

def made():
    return Tied()

def broken():
    return torch.zeros(2) @ torch.zeros(3)

def other():
    return 7

instance = Sized()
number = 7
"""


@pytest.fixture(autouse=True)
def nets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Work in a folder with a file of modules."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("nets.py").write_text(NETS)
    before = {*sys.modules}
    yield
    for name in [name for name in sys.modules if name not in before]:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def run(*arguments: str) -> int:
    try:
        return command.main(arguments)
    except SystemExit as error:
        return int(str(error.code))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nets.py:Tied"], 0, ["proved: symmetric", "proved: psd", "f(x)   = W^T tanh(W x)"]),
        (["nets.py:made", "--claim", "psd"], 0, ["proved: psd"]),
        (["nets.py:instance", "--dim", "2"], 0, ["proved: symmetric", "proved: psd"]),
        (["nets.py:Sine"], 1, ["proved: symmetric", "refuted: psd"]),
        (["nets.py:Sine", "--claim", "symmetric"], 0, ["proved: symmetric"]),
        (["nets.py:Untied", "--claim", "symmetric"], 1, ["refuted: symmetric", "J_ij"]),
        (["nets.py:Mixed", "--claim", "psd"], 2, ["unknown: psd", "not a sample map"]),
        (["nets.py:Tied", "--scope", "current", "--claim", "psd"], 0, ["proved: psd"]),
    ],
)
def test_exit_status_and_verdicts(
    arguments: list[str], code: int, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == code
    printed = capsys.readouterr()
    assert printed.err == ""
    for words in said:
        assert words in printed.out


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (["proved", "proved"], 0),
        (["proved", "unknown"], 2),
        (["unknown", "refuted"], 1),
        (["refuted", "unknown"], 1),
        (["proved", "refuted"], 1),
    ],
)
def test_of_both_claims_the_worst(
    statuses: list[str], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(statuses)

    def decide(net: Any, claim: str, dim: int | None, scope: str) -> verify.Verdict:
        assert (dim, scope) == (3, "current")
        return verify.Verdict(next(left), claim, scope, 3)

    monkeypatch.setattr(verify, "decide", decide)
    assert run("nets.py:Tied", "--dim", "3", "--scope", "current") == code


BROKEN = "import torch\n\ndef f(:\n"
RAISES = "import torch\n\ndef f():\n    return torch.nothing_like_it\n\nf()\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected FILE.py:NAME, got None"),
        (["nets.py"], "expected FILE.py:NAME, got 'nets.py'"),
        (["nets.py:"], "expected FILE.py:NAME, got 'nets.py:'"),
        (["nowhere.py:Tied"], "no file nowhere.py"),
        (["nets.txt:Tied"], "nets.txt: expected a Python file"),
        (["nets.py:Tide"], "nets.py: no Tide in it, but Tied, Sine, Untied, Mixed"),
        (["nets.py:number"], "nets.py:number: expected a module class, a function without arg"),
        (["nets.py:other"], "nets.py:other: expected a torch module, got int"),
        (["nets.py:Needy"], "nets.py:Needy(): nets.py: TypeError: Needy.__init__() missing 1"),
        (["nets.py:broken"], "nets.py:broken(): nets.py:40: RuntimeError: "),
        (["broken.py:Net"], "broken.py:3: SyntaxError: invalid syntax"),
        (["raises.py:Net"], "raises.py:4: AttributeError: module 'torch' has no attribute"),
        (["exits.py:Net"], "exits.py:1: SystemExit: 0"),
        (["nets.py:instance"], "dim"),
        (["nets.py:Tied", "--dim", "0"], "--dim: expected an integer from 1 to 999999, got '0'"),
        (["nets.py:Tied", "--dim", "9" * 5000], "--dim: expected an integer from 1 to 999999"),
        (["nets.py:Tied", "--claim", "convex"], "--claim: invalid choice: 'convex'"),
        (["nets.py:Tied", "--scope", "some"], "--scope: invalid choice: 'some'"),
        (["nets.py:Tied", "--json", "no/where.json"], "--json: no folder no"),
        (["--check", "nowhere.json"], "--check: cannot read nowhere.json: No such file"),
        (["--check", "."], "--check: cannot read .: Is a directory"),
        (["--check", "nets.py"], "--check: nets.py: expected JSON, "),
        (["--check", "large.json"], "--check: large.json: expected at most 16 MB, got more"),
        (["--check", "deep.json"], "deep.json: expected at most 100 brackets inside each other"),
        (["--check", "bytes.json"], "bytes.json: expected UTF-8 text"),
        (["--check", "other.json"], "other.json: certificate: expected the format"),
        (["--check", "empty.json"], "empty.json: expected a certificate, there is none in it"),
        (["--check", "empty.json", "--json", "out.json"], "--json: expected no --check beside"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken.py").write_text(BROKEN)
    Path("raises.py").write_text(RAISES)
    Path("exits.py").write_text("raise SystemExit(0)\n")
    Path("nets.txt").write_text(NETS)
    with Path("large.json").open("wb") as file:
        file.truncate(10**8)  # takes no room on the disk
    Path("deep.json").write_text("[" * 10**6)
    Path("bytes.json").write_bytes(b"\xff\xfe\x00")
    Path("other.json").write_text('{"format": "a letter"}')
    Path("empty.json").write_text('{"verdicts": []}')
    assert run(*arguments) == 3
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.startswith("verify: ")
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""
    assert not Path("out.json").exists()


def test_verdicts_are_written_and_checked_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("nets.py:Tied", "--json", "tied.json") == 0
    rows = json.loads(Path("tied.json").read_text())["verdicts"]
    assert [(row["status"], row["claim"]) for row in rows] == [
        ("proved", "symmetric"),
        ("proved", "psd"),
    ]
    capsys.readouterr()
    assert run("--check", "tied.json") == 0
    assert f"proved: psd, scope all, sha256 {rows[1]['digest']}" in capsys.readouterr().out
    Path("psd.json").write_text(json.dumps(rows[1]["certificate"]))
    assert run("nets.py:Tied", "--check", "psd.json") == 0
    assert "proved: psd of nets.py:Tied, scope all, sha256 " in capsys.readouterr().out
    assert run("nets.py:Sine", "--check", "psd.json") == 3
    assert capsys.readouterr().err.startswith("verify: module: the certificate is about another")


def test_a_refutation_is_written_with_its_counterexample() -> None:
    assert run("nets.py:Untied", "--json", "untied.json", "--claim", "symmetric") == 1
    (row,) = json.loads(Path("untied.json").read_text())["verdicts"]
    found = verify.Counterexample.from_json(json.dumps(row["counterexample"]))
    assert found.claim == "symmetric"
    assert row["certificate"] is None


def test_what_was_edited_by_hand_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    run("nets.py:Tied", "--json", "tied.json", "--claim", "psd")
    capsys.readouterr()
    whole = Path("tied.json").read_text()
    document = json.loads(whole)
    (row,) = document["verdicts"]
    Path("cut.json").write_text(whole[:-100])
    for node in row["certificate"]["graph"]["nodes"]:
        if node[4] == "tanh":
            node[4] = "sin"
    Path("edited.json").write_text(json.dumps(document))
    Path("sin.json").write_text(json.dumps(row["certificate"]))
    for name, message in (
        ("cut", "cut.json: expected JSON, "),
        ("edited", "edited.json: expected the digest "),
        ("sin", "proof"),
    ):
        assert run("--check", f"{name}.json") == 3
        said = capsys.readouterr().err
        assert message in said
        assert len(said.splitlines()) == 1


def test_json_is_written_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out.json").mkdir()
    assert run("nets.py:Sized", "--dim", "2", "--claim", "psd", "--json", "out.json") == 3
    assert "verify: --json: cannot write out.json: " in capsys.readouterr().err
    assert sorted(path.name for path in Path().iterdir() if "json" in path.name) == ["out.json"]

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    Path("old.json").write_text("old")
    monkeypatch.setattr(Path, "replace", full)
    assert run("nets.py:Sized", "--dim", "2", "--claim", "psd", "--json", "old.json") == 3
    assert Path("old.json").read_text() == "old"
    assert not Path("old.json.partial").exists()


def test_interrupted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def decide(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(verify, "decide", decide)
    assert run("nets.py:Tied") == 130
    assert capsys.readouterr().err == "verify: interrupted\n"


def test_a_user_s_neighbours_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    Path("folder").mkdir()
    Path("folder/neighbour_of_json.py").write_text("SCALE = 2\n")
    Path("folder/json.py").write_text(
        "from torch import nn\nfrom neighbour_of_json import SCALE\n\n"
        "class Net(nn.Module):\n    def forward(self, x):\n        return SCALE * x\n"
    )
    assert run("folder/json.py:Net", "--dim", "2", "--claim", "psd") == 0
    assert "f(x)   = 2 x" in capsys.readouterr().out


def test_progress_only_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    run("nets.py:instance", "--dim", "2", "--claim", "psd")
    assert capsys.readouterr().err == "verify: psd ...\r               \r"


def test_module_entry_point() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "verify", "--help"], capture_output=True, text=True, check=True
    )
    assert "python -m verify nets.py:Mine --claim psd --dim 3" in done.stdout
    assert "0 proved, 1 refuted, 2 unknown, 3 bad input" in done.stdout
