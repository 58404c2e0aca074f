"""Simulated Lightning nodes and wallets, behind the REST API of LND."""
