"""The morning's main job: decides every due order and writes the decisions to the org.

Orchestrates: reads come from `sfsync`, rules from `tenders`, and the guards are the org's own.
"""
