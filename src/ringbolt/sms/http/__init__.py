"""Any gateway of texts that is asked over HTTP, described by data in the settings."""
