"""What goes wrong in a way that the person at the terminal can mend."""


class FleetError(Exception):
    """Its text says what is wrong and what to do; it is shown without a traceback."""
