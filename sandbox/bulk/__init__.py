"""Bulk jobs: CSV in and out of the org, worked off in the background.

Owns what happens to the data of a job; which HTTP call asks for it is decided in `sandbox.api`.
"""
