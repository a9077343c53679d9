"""The imperative shell: all that touches the world, and the shapes that cross."""
