"""The experiments of section 7, each in a file of its own."""

from gradnets.experiments import convex_field, nonconvex_field
from gradnets.experiments.configuration import Config
from gradnets.experiments.field_learning import Result, run

EXPERIMENTS = {"convex_field": convex_field.config, "nonconvex_field": nonconvex_field.config}

__all__ = ["EXPERIMENTS", "Config", "Result", "run"]
