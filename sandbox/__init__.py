"""A local Salesforce org that loads an SFDX project and serves the Salesforce APIs on loopback.

It decides one thing: what Salesforce would answer. It imports nothing of the product, and the
product imports nothing of it, so that passing here means passing over HTTP.
"""
