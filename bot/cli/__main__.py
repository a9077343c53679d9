"""`python -m bot.cli` is `caloron`."""

from .main import main

if __name__ == "__main__":
    main()
