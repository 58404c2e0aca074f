"""The orders family: texts, codes, rented numbers and e-mail, as sms4sats' API has them."""

FAMILY = "orders"
"""The family's name, as orders keep it."""
