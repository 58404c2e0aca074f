"""Background work: runs jobs, and watches the node, the carriers and the providers."""
