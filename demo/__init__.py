"""Plays the main job on sample data, as processes that talk over HTTP, and shows what happened.

It imports nothing of the product or of the local org: it starts them the way a person would.
"""
