"""Texts by Twilio's REST API, or that of a relative."""
