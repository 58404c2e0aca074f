"""Providers of numbers that speak the de-facto protocol ``handler_api.php``."""
