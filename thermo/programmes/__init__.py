"""What is done to a sample: conditions on faces, schedules, calorimeters, ovens; each sees a sensor and sets surroundings."""
