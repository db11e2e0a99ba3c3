"""A cell of one temperature, and lines of few nodes: the case's keys, the arrays, the step."""
