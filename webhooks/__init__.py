"""Receives what other systems tell us: verifies, stores, answers; interprets nothing meanwhile.

A request touches our own database and nothing else. What a delivery means is found out later, by
the worker, from the row that the request left (`webhooks.inbox`).
"""
