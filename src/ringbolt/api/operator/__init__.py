"""Addresses for the operator alone, and for monitoring."""
