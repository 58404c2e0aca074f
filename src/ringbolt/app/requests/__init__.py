"""Typed commands: what a buyer asks for."""
