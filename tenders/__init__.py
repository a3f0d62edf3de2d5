"""From a request for proposals to an award: the rules, as pure functions over values.

It decides who wins, who is left out and why, and which way an order may move. It reads no clock,
no database and no network, so every decision can be replayed from what was stored.
"""
