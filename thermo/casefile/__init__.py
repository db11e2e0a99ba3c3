"""How a file is read: units, the YAML document with its lines, frozen models, tables, columns."""
