"""A sample under its programme: put together, stepped, read off."""
