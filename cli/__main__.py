"""`python -m cli` is `onemap`."""

from cli.main import run_command

if __name__ == "__main__":
    run_command()
