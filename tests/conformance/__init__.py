"""The running gateway held against public suites for GraphQL servers, and on a network that parts.

Only ``make conformance`` collects it.
"""
