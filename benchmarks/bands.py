"""Print, from results.json files, where 99 % of the medians of a run lie, widened by 1 dB.

The medians are of as many trials as the profile has seeds, drawn from those of the file.

python -m gradnets run convex_field --seeds 20 --out results/twenty
python benchmarks/bands.py results/twenty/results.json
"""

import argparse
import json
from pathlib import Path

import numpy as np

from gradnets.experiments.configuration import SEEDS


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("results", nargs="+", type=Path)
    for path in parser.parse_args().results:
        result = json.loads(path.read_text())
        for model, figures in result["models"].items():
            trials = np.array(figures["mse_db"]["trials"])
            seeds = SEEDS[result["profile"]]
            draws = np.random.default_rng(0).choice(trials, (100_000, seeds))
            low, high = np.quantile(np.median(draws, 1), [0.005, 0.995]) + np.array([-1, 1])
            print(
                f"{result['experiment']}.{result['profile']} {model} = [{low:.1f}, {high:.1f}]"
                f"   ({len(trials)} trials, {low + 1:.1f} .. {high - 1:.1f} without the margin)"
            )


if __name__ == "__main__":
    main()
