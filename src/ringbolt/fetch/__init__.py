"""Reading what a stranger's URL points at, safely."""
