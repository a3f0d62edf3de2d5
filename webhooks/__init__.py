"""Receives what other systems tell us: verifies, stores, answers; interprets nothing meanwhile.

The blueprints arrive with the payment and voucher providers; the package holds their place in the
import rules.
"""
