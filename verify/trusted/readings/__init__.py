"""What each operation of torch computes, in the language of the graph: one reading an operation."""
