"""The search for proofs and for counterexamples; nothing here is trusted."""
