"""The command line: python -m verify FILE.py:NAME, exit 0 proved, 1 refuted, 2 unknown, 3 bad."""

import argparse
import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

import verify
from verify.bounded_json import SIZE, read
from verify.verdict import CLAIMS, SCOPES, Certificate, CertificateError, Verdict

STATUS = {"proved": 0, "unknown": 2, "refuted": 1}
BAD_INPUT, INTERRUPTED = 3, 130
EXAMPLE = """example:
  python -m verify nets.py:Mine --claim psd --dim 3 --json mine.json
  python -m verify nets.py:Mine --check mine.json

exit status: 0 proved, 1 refuted, 2 unknown, 3 bad input; of both claims the worst,
refuted over unknown over proved."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0 proved, 1 refuted, 2 unknown, 3 bad input, 130 interrupted."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="backslashreplace")  # names may have letters that a terminal lacks
    options = parser().parse_args(arguments)
    try:
        return check(options) if options.check else decide(options)
    except KeyboardInterrupt:
        print("verify: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:  # of the user's code too, at any place where it runs
        told = " ".join(str(error).split())
        known = isinstance(error, ValueError | TypeError | OSError | RuntimeError)
        kind = "" if known and told else f"{type(error).__name__}: "
        print(f"verify: {kind}{told}".rstrip(": "), file=sys.stderr)
        return BAD_INPUT


class Parser(argparse.ArgumentParser):
    """argparse with this command's exit status for bad input."""

    def error(self, message: str) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.exit(BAD_INPUT, f"{self.prog}: {message}\n")


def positive(text: str) -> int:
    """Return the integer of at least 1 that a text spells."""
    if not (text.isascii() and text.isdecimal()) or not int(text[:9]) >= 1 or len(text) > 6:
        raise argparse.ArgumentTypeError(f"expected an integer from 1 to 999999, got {text!r:.40}")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Return the command's parser."""
    top = Parser(
        prog="verify",
        description="Decide whether a torch module is a gradient field, and a monotone one.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument(
        "target", nargs="?", metavar="FILE.py:NAME",
        help="a module class without arguments, a function without arguments, or an instance",
    )  # fmt: skip
    top.add_argument("--claim", choices=[*CLAIMS, "both"], default="both", help="(both)")
    top.add_argument("--dim", type=positive, metavar="N", help="where the module does not say it")
    top.add_argument("--scope", choices=SCOPES, default="all", help="of parameter values (all)")
    top.add_argument("--json", type=Path, metavar="OUT", help="write the verdicts there")
    top.add_argument(
        "--check", type=Path, metavar="CERT.json",
        help="re-check a certificate, or all that --json wrote; with NAME also that it is NAME's",
    )  # fmt: skip
    return top


def decide(options: argparse.Namespace) -> int:
    """Decide, print the verdicts, write them."""
    if options.json and not options.json.absolute().parent.is_dir():
        raise OSError(f"--json: no folder {options.json.parent}")
    net = load(options.target)
    verdicts: list[Verdict] = []
    for claim in CLAIMS if options.claim == "both" else [options.claim]:
        with Progress(f"verify: {claim} ..."):
            verdicts.append(verify.decide(net, claim, dim=options.dim, scope=options.scope))
        print("\n" * (len(verdicts) > 1) + str(verdicts[-1]), flush=True)
    if options.json:
        document = {"verdicts": [verdict.to_document() for verdict in verdicts]}
        write_whole(options.json, json.dumps(document, indent=1, allow_nan=False) + "\n")
    return max((STATUS[v.status] for v in verdicts), key=[0, 2, 1].index)


def check(options: argparse.Namespace) -> int:
    """Re-check certificates, alone or against a module."""
    if options.json:
        raise ValueError("--json: expected no --check beside it, there are no verdicts to write")
    certificates = read_certificates(options.check)
    net = load(options.target) if options.target else None
    for certificate in certificates:
        verify.check(certificate, net)
        whose = f" of {options.target}" if options.target else ""
        print(f"proved: {certificate.claim}{whose}, scope {certificate.scope},"
              f" sha256 {certificate.digest}")  # fmt: skip
    return 0


def read_certificates(path: Path) -> list[Certificate]:
    """Return the certificate of a file, or all those of verdicts that --json wrote."""
    try:
        with path.open("rb") as file:
            text = file.read(SIZE + 1)
    except OSError as error:
        raise OSError(f"--check: cannot read {path}: {error.strerror}") from None
    try:
        if len(text) > SIZE:
            raise CertificateError(f"expected at most {SIZE // 10**6} MB, got more")
        document = read(text)
        if not isinstance(document, dict) or document.keys() != {"verdicts"}:
            return [Certificate.from_document(document)]
        return list(of_verdicts(document["verdicts"]))
    except ValueError as error:
        raise CertificateError(f"--check: {path}: {error}") from None


def of_verdicts(verdicts: Any) -> list[Certificate]:
    """Return the certificates of proved verdicts, each with the digest that stands beside it."""
    rows = verdicts if isinstance(verdicts, list) else []
    rows = [row for row in rows if isinstance(row, dict) and row.get("certificate") is not None]
    if not rows:
        raise CertificateError("expected a certificate, there is none in it")
    found = [Certificate.from_document(row["certificate"]) for row in rows]
    for row, certificate in zip(rows, found, strict=True):
        if row.get("digest") != certificate.digest:
            raise CertificateError(f"expected the digest {certificate.digest}, another one stands"
                                   " beside the certificate: edited by hand?")  # fmt: skip
    return found


def load(target: str | None) -> nn.Module:
    """Return the module that FILE.py:NAME names."""
    file, _, name = (target or "").rpartition(":")
    if not file or not name:
        raise ValueError(f"expected FILE.py:NAME, got {target!r}")
    module = run_file(Path(file))
    if name not in module:
        own = [key for key, v in module.items() if not key.startswith("_") and is_net(v, file)]
        raise ValueError(f"{file}: no {name} in it" + f", but {', '.join(own)}" * bool(own))
    found = module[name]
    if not isinstance(found, nn.Module):
        if not callable(found):
            raise TypeError(f"{target}: expected a module class, a function without arguments or"
                            f" a module, got {type(found).__name__}")  # fmt: skip
        try:
            found = found()
        except Exception as error:
            raise ValueError(f"{target}(): {described(error, Path(file))}") from None
    if not isinstance(found, nn.Module):
        raise TypeError(f"{target}: expected a torch module, got {type(found).__name__}")
    return found


def is_net(value: Any, file: str) -> bool:
    """Return whether a value of a user's file is a module or a module class written there."""
    own = isinstance(value, type) and issubclass(value, nn.Module)
    return isinstance(value, nn.Module) or (own and value.__module__ == Path(file).stem)


def run_file(path: Path) -> dict[str, Any]:
    """Return what a Python file defines, run as an import would run it."""
    if not path.is_file():
        raise OSError(f"no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path}: expected a Python file, FILE.py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.absolute().parent))  # as for a script: its neighbours
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ValueError(described(error, path)) from None
    return vars(module)


def described(error: BaseException, path: Path) -> str:
    """Return an error of the user's code with its line in the user's file."""
    where, line, told = path, 0, " ".join(str(error).split())
    if isinstance(error, SyntaxError) and error.filename:
        where, line, told = Path(error.filename), error.lineno or 0, error.msg
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if Path(frame.filename).absolute() == path.absolute():
                line = frame.lineno or line
    kind = f"{where}:{line}" if line else str(where)
    return f"{kind}: {type(error).__name__}: {told}"


def write_whole(path: Path, text: str) -> None:
    """Write a file so that the old one or the new one is there, never a part."""
    beside = path.with_name(f"{path.name}.partial")
    try:
        try:
            with beside.open("w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(f"--json: cannot write {path}: {error.strerror}") from None


class Progress:
    """A line on a terminal while something takes its time; nothing elsewhere."""

    def __init__(self, line: str) -> None:
        self.line = line if sys.stderr.isatty() else ""

    def __enter__(self) -> None:
        print(self.line, end="", flush=True, file=sys.stderr)

    def __exit__(self, *_: object) -> None:
        if self.line:
            print("\r" + " " * len(self.line) + "\r", end="", flush=True, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
