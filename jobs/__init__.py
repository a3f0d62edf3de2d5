"""What runs by itself or from the command line: the worker, its jobs, and the CLI.

Orchestrates the packages below it; decides nothing about tenders or Salesforce by itself.
"""
