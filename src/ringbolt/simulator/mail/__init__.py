"""The simulated mail server and its mailboxes."""
