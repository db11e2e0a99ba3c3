"""Parts of web pages that need no network."""
