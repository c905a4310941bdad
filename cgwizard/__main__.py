"""`python -m cgwizard`."""

from cgwizard.cli import main

main()
