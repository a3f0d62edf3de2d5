"""What a process needs before it can do anything: settings, clock, database, logging.

Sits below every other package and imports none of them.
"""
