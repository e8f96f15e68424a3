"""The command line: python -m gradnets run | published."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import filelock
import torch

from gradnets import __version__, engine, fields, published
from gradnets.experiments import EXPERIMENTS, Result, last_full_run, run
from gradnets.experiments.configuration import EPOCHS
from gradnets.experiments.tables import comparison_table, errors_table, last_epoch_table, size
from gradnets.whole_files import write_whole

OUT_OF_BAND, BAD_INPUT, INTERRUPTED = 1, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, 1 out of the stated band, 3 bad input, 130 interrupted."""
    options = parser().parse_args(arguments)
    try:
        torch.set_num_threads(options.threads)
        return options.command(options)
    except KeyboardInterrupt:
        print("gradnets: interrupted; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, TypeError, OSError, RuntimeError, ArithmeticError) as error:
        print(f"gradnets: {error}", file=sys.stderr)
        return BAD_INPUT


class Parser(argparse.ArgumentParser):
    """argparse with this command's exit status for bad input."""

    def error(self, message: str) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.exit(BAD_INPUT, f"{self.prog}: {message}\n")


def positive(text: str) -> int:
    """Return the integer of at least 1 that a text spells; no machine has 10^6 threads or seeds."""
    if not text.isdecimal() or not 1 <= int(text) < 10**6:
        raise argparse.ArgumentTypeError(f"expected an integer from 1 to 999999, got {text!r}")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Return the parser of both commands."""
    top = Parser(prog="gradnets", description="Gradient networks: experiments and weights.")
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    runs = commands.add_parser("run", help="train and test the networks of an experiment")
    runs.add_argument("experiment", choices=EXPERIMENTS, metavar="|".join(EXPERIMENTS))
    runs.add_argument("--profile", choices=EPOCHS, default="quick", help="full: the paper's epochs")
    runs.add_argument("--seeds", type=positive, metavar="N", help="trials (5, full: 20)")
    runs.add_argument("--out", type=Path, metavar="DIR", help="results/EXPERIMENT-PROFILE")
    runs.add_argument("--gate", action="store_true", help="fail outside the stated band of dB")
    runs.add_argument("--keep", type=Path, metavar="DIR", help="keep a full run's figures there")
    runs.add_argument("--compile", action="store_true", help="compile the training step")
    runs.add_argument("--engine", metavar="dask://HOST:PORT", help="train on a Dask cluster")
    runs.set_defaults(command=run_experiment)
    weights = commands.add_parser("published", help="test weights that the authors published")
    weights.add_argument("files", nargs="+", type=Path, metavar="FILE.pt")
    weights.add_argument("--model", choices=published.MODELS, help="by default as the path says")
    weights.add_argument("--field", choices=["convex", "nonconvex"], help="by default by the path")
    weights.set_defaults(command=test_published)
    for command in (runs, weights):
        command.add_argument("--threads", type=positive, default=1, metavar="N", help="torch's (1)")
    return top


def run_experiment(options: argparse.Namespace) -> int:
    """Train, print the table, write figures and JSON."""
    config = EXPERIMENTS[options.experiment](options.profile, options.seeds)
    out: Path = options.out or Path("results") / f"{config.name}-{config.profile}"
    engine.check(options.engine)
    last_full_run.check(options.keep, config)
    unfinished = out / f"unfinished-{config.name}-{config.profile}"
    try:
        unfinished.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(unfinished / "lock", timeout=0)
        with lock:
            result = run(config, unfinished, options.compile, engine=options.engine)
            result.write(out)
            write_figures(result, out)
            for model in config.models:
                (unfinished / f"{model}.pt").unlink(missing_ok=True)
    except filelock.Timeout:
        raise OSError(f"--out: another run is at work in {out}") from None
    except OSError as error:
        raise OSError(f"--out: cannot write to {error.filename or out}: {error.strerror}") from None
    shutil.rmtree(unfinished)
    print_tables(result.as_dict())
    complaints = result.gate()
    print("\n" + ("\n".join(complaints) or "every median is in its stated band"))
    print(f"written: {out}/results.json, the maps, and the weights")
    if options.keep:
        print(f"kept: {last_full_run.keep(result, options.keep)}")
    return OUT_OF_BAND if options.gate and complaints else 0


def print_tables(run: dict[str, Any]) -> None:
    """Print what was run, the error in both conventions, and the verdicts."""
    protocol, seconds = run["protocol"], run["seconds"]
    print(f"{run['experiment']}, {run['profile']}: {size(run)}, {protocol['train_points']} points")
    print(f"{seconds['wall']:.1f} s by the clock, {seconds['cpu']:.1f} s of CPU time\n")
    for key, title in (("rmse_db", "RMSE, as in the paper"), ("mse_db", "MSE, as the authors'")):
        print(f"10 log10 {title} (dB)\n\n{errors_table({size(run): run}, key)}\n")
    print(f"Beside what is reported of 5 trials and 200 epochs\n\n{comparison_table(run)}\n")
    print(f"With the weights of the last epoch, 10 log10 RMSE\n\n{last_epoch_table(run)}")


def write_figures(result: Result, out: Path) -> None:
    """Write field.png, predictions.png and errors.png."""
    import matplotlib

    matplotlib.use("agg")
    from gradnets.experiments.figures import draw_errors, draw_field, draw_predictions

    for name, figure in (
        ("field", draw_field(result.config.field)),
        ("predictions", draw_predictions(result)),
        ("errors", draw_errors(result)),
    ):
        write_whole(out / f"{name}.png", lambda file, figure=figure: figure.savefig(file, dpi=150))


@torch.no_grad()
def test_published(options: argparse.Namespace) -> int:
    """Print the error of published weights on the 100 x 100 grid."""
    x = fields.unit_grid(100)
    for path in options.files:
        net = published.load(path, options.model)
        name = options.field or published.field_named_in(path)
        if name is None:
            raise ValueError(f"--field: {path} does not name it, expected convex or nonconvex")
        field = {"convex": fields.convex, "nonconvex": fields.nonconvex}[name]
        mse = (net(x) - field.gradient(x)).double().square().sum(-1).mean()
        mse_db = 10 * mse.log10().item()
        print(f"{path}: {type(net).__name__}, {name} field, {mse_db:.3f} dB (10 log10 MSE),"
              f" {mse_db / 2:.3f} dB (10 log10 RMSE)")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
