"""The graph: types derived from the domain's records, a few questions at the root, and the answer to an operation.

Root fields return whole, redacted, frozen records; below them everything is an attribute read, but for the few fields
that are filled in from what the gateway itself keeps of a student, for that student alone, and for lists drawn by page.

In order of flow:

scalars      identifiers and the cursor
pages        pages of long lists
cursors      opaque, authenticated cursors
coordinates  which coordinates an operation selects, and their policy entries
projection   a selection on plain data, compiled to one function
prepared     a document's operations, with what is worked out of each but once
executor     graphql-core's executor, handing plain data to its projection
context      what one request carries: caller, loaders, what was shown
filled       fields of a student that are filled in from what the gateway keeps
listed       lists of a student that are drawn when they are asked for
appointing   appointments made, listed, accepted and ended
types        the graph's types, derived from records and values
keyed        one student, study right or plan by its key
entities     the same as entities of a supergraph
guidance     the questions about a group and a unit
mending      the question about findings
changing     the question about changed plans
query        the questions at the root
mutation     what callers may change
subgraph     the schema as a part of a supergraph
schema       the schema, built and printed
withheld     what was withheld, told from the decision alone
errors       errors as a caller may read them
graph        answering an operation: the one door into the graph
"""
