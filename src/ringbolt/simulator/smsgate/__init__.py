"""The app SMSGate on the phones of the simulated world, and its HTTP APIs."""
