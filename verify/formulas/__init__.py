"""Formulas of graphs, set for a terminal or in LaTeX. Nothing here is trusted."""
