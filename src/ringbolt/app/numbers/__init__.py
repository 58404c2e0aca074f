"""Numbers that receive texts: acquired, watched, released."""
