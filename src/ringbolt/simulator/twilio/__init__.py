"""A Twilio-compatible API whose calls ring at the world's phones: for shops with that carrier."""
