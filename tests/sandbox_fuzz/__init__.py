"""Hostile inputs for every door of the local org: none may crash it, hang it or harm its data."""
