"""The terminal: commands, a run into its folder, text on the screen."""
