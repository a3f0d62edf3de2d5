"""Sending the org's outbound messages: SOAP over HTTP, to loopback addresses only.

`desk` is the face of the package; `sandbox.org` decides what is owed, and never sees HTTP.
"""
