"""An agent's side: its shop over the network, and its wallet or prepaid key with a budget."""
