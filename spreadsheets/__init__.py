"""Turns the workbooks that people keep into planned accounts, orders and proposals.

Reading, judging and explaining cells lives here; writing to Salesforce does not. A row either
becomes a record whole or is reported with its cell, the reason and the remedy.
"""
