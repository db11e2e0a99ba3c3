"""Bodies with an inside as a case names them: layered blocks, boxes, mesh files, solids."""
