"""A whole case: its parts, and the checks that need more than one of them."""
