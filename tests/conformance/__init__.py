"""The running gateway held against public suites for GraphQL servers. Only ``make conformance`` collects it."""
