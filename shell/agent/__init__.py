"""One agent's run: a fresh folder, the framework's work in it, its changes checked and pushed."""
