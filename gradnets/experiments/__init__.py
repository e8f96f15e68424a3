"""The experiments of section 7, each in a file of its own."""

from gradnets.experiments import causes, convex_field, nonconvex_field
from gradnets.experiments.configuration import Config
from gradnets.experiments.field_learning import Result, run

EXPERIMENTS = {
    "convex_field": convex_field.config,
    "nonconvex_field": nonconvex_field.config,
    "convex_causes": causes.convex,
    "nonconvex_causes": causes.nonconvex,
}

__all__ = ["EXPERIMENTS", "Config", "Result", "run"]
