"""Requests to untrusted URLs: audio files, webhooks, callbacks."""
