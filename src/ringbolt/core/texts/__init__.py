"""Text messages: segments, codes in them, redaction, content rules, opt-outs."""
