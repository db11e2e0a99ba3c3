"""What a run is asked for: probes, crossings, arrivals, derived numbers, and what is wrong with a reading."""
