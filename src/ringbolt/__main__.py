"""``python -m ringbolt``."""

from ringbolt.cli.main import main

main()
