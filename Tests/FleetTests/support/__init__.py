"""Clients, deployments, faults and the checker of the fleet tests."""
