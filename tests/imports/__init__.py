"""Tests of bringing workbooks into the org."""
