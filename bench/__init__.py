"""`make bench`: what the backoffice costs in calls, time and memory, beside the obvious way.

Everything is measured from outside, through processes and HTTP, on a local org of its own.
"""
