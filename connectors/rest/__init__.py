"""Any student system that speaks JSON over HTTP, connected by settings alone: calls, paging, and where each value is.

What a call gives becomes rows by our names of tables and columns, and from there on it is read like a file drop.

Modules, in order of flow:

- ``expressions``: where a value stands in an answer (JMESPath), and the value as the text of a cell
- ``calls``: what the operator declares of one call: what it asks, its pages, where its rows are
- ``mappable``: which rows and columns of ours answers can be mapped to
- ``misfits``: what of that could not work
- ``settings``: all that the operator declares of a provider's interface
- ``mapping``: one answer to rows, each under the key that it names itself; strays refuse the answer
- ``requests``: keys to calls: one call per key, lists of keys, or the whole listing
- ``pages``: a call to all of its pages, bounded, never away from the provider's own address
- ``credentials``: what goes on each call so that the provider knows us
- ``source``: the connector itself
"""

from connectors.rest.settings import JsonSettings
from connectors.rest.source import JsonSource

__all__ = ["JsonSettings", "JsonSource"]
