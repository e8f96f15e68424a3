"""The experiments of section 7, each in a file of its own."""

from functools import partial

from gradnets import fields
from gradnets.experiments import (
    causes,
    convex_field,
    equal_size,
    nonconvex_field,
    separating_field,
)
from gradnets.experiments.configuration import Config
from gradnets.experiments.field_learning import Result, run

EXPERIMENTS = {
    "convex_field": convex_field.config,
    "nonconvex_field": nonconvex_field.config,
    "convex_causes": causes.convex,
    "nonconvex_causes": causes.nonconvex,
    "equal_size_convex": partial(equal_size.config, "equal_size", fields.convex),
    "equal_size_nonconvex": partial(equal_size.config, "equal_size", fields.nonconvex),
    "ablation_convex": partial(equal_size.config, "ablation", fields.convex),
    "ablation_nonconvex": partial(equal_size.config, "ablation", fields.nonconvex),
    "separating_field": separating_field.config,
}

__all__ = ["EXPERIMENTS", "Config", "Result", "run"]
