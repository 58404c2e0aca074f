"""Reading and calling strangers' addresses, safely."""
