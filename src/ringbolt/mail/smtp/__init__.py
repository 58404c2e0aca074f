"""E-mail over SMTP (RFC 5321): to a relay, or to the mail servers of the recipient's domain."""
