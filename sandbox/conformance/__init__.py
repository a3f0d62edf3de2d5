"""Checks the local org against results of the real thing, from files that others supply.

Owns no rules: each module reads one format, runs the org's own code and reports what differs.
"""
