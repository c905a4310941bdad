"""Runs that outlive their process: saved after each confirmed step, locked, resumed."""
