"""Decide whether a torch module is a gradient network; so far: its exact symbolic instances."""
