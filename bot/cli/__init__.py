"""The command line: `caloron`, one module a command."""

from .main import main

__all__ = ["main"]
