"""T1, T2, T3 and cessation as functions of rows, wherever the rows come from."""
