"""E-mail out: the mailer port and its adapters."""
