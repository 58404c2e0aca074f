"""What the adapters of calls and texts share for Twilio's REST API and its relatives."""
