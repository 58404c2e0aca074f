"""Spoken texts that are sold as audio files."""
