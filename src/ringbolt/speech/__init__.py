"""Text to speech: the engine port, the engines, and the cache."""
