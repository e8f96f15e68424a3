"""Settings that every test shares: one thread, and the same examples on every run."""

import hypothesis
import torch

hypothesis.settings.register_profile("deterministic", derandomize=True, deadline=None)
hypothesis.settings.load_profile("deterministic")
torch.set_num_threads(1)
