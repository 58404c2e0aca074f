"""Calls through Twilio and its relatives."""
