"""The org's REST and SOAP surface: it parses and serialises, and decides nothing about records.

One module per family of resources, each a table of routes over plain functions `Call -> Answer`, so
that a composite subrequest runs exactly the code that a request of its own would run.
"""
