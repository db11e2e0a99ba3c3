"""The fast path of boxes: conduction in the modes of the layers."""
