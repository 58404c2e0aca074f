"""A carrier that is called back and fetches what it plays, for the tests."""
