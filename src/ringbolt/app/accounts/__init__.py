"""Prepaid accounts, their keys, and the accounts of the ledger."""
