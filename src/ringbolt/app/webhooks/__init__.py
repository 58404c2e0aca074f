"""What buyers are told, and how it is sent."""
