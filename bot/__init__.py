"""The faces: the web door, the command line, the fake forge."""
