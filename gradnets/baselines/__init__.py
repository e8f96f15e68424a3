"""What gradient networks are compared with in Tables 1 and 2: the contents page."""

from gradnets.baselines.crr import CRR, RR
from gradnets.baselines.icgn import ICGN
from gradnets.baselines.icnn import ICNN
from gradnets.baselines.mlp import MLP

__all__ = ["CRR", "ICGN", "ICNN", "MLP", "RR"]
