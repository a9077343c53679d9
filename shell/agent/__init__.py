"""One agent's run: a fresh folder, a framework at work in it, its final tree checked, pushed and proposed."""
