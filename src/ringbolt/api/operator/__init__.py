"""What only the operator may call, and what machines watch."""
