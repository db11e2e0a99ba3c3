"""Web pages that need no server: everything that they show stands in them, and they ask for nothing."""
