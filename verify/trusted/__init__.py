"""Everything that a proof rests on: how a module is read, what a graph means, the kernel."""
