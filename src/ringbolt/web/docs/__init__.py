"""The developers' pages: commands to copy, the reference, and the guides."""
