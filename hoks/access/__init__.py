"""Who sees what: the rules are data, the facts are gathered before, the decision is pure.

In order of flow:

reports   who may ask about many students at once
rules     the policy as a value, read from ``rules.toml`` and checked whole
facts     each condition of the rules as one predicate that holds, does not hold, or is unknown
decide    rules and facts in, grants out
redact    a record and granted items in, a new record out
document  the policy as a page to read and check
"""
