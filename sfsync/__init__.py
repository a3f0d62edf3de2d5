"""Speaks Salesforce: connection, reads, writes, the local replica and the outbox.

The only package that imports simple_salesforce; everything else sees plain dictionaries, our own
errors and the tables of this package.
"""
