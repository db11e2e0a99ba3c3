"""Heat conduction on meshes: elements, assembly, time steps, linear solvers, steady states and their stability, heat through faces."""
