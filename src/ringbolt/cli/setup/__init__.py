"""``ringbolt init``: the first settings, asked for and tested one by one."""
