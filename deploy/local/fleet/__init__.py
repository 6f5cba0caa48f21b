"""Runs a whole Apus server on one machine: Postgres, Redis, nginx and every worker.

`run.py` is the command line over this library, the fleet tests are its other user. Only the
standard library is used, so that it works on a fresh machine before anything is installed.
"""
from .errors import FleetError
from .fleet import Fleet, Options
from .plan import Plan, ServerProcess, generated_plan, plan_from_folder
from .processes import Child, RestartDelay

__all__ = [
    "Child", "Fleet", "FleetError", "Options", "Plan", "RestartDelay", "ServerProcess",
    "generated_plan", "plan_from_folder",
]
