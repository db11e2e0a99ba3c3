"""Heat conduction on meshes: elements, assembly, time steps, linear solvers, steady states, heat through faces."""
