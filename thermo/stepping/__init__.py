"""Time goes on here: one state, one loop, located events, whatever the sample and the programme."""
