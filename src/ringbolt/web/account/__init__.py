"""``/account``: a prepaid account for people. Signed in by its key."""
