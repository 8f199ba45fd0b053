"""Any student system that exports rows: files described in settings alone, loaded into memory and asked by key.

Modules, in order of flow:

- ``settings``: what the operator declares of a provider's files: columns, codes, formats
- ``cells``: text of a cell to a value of ours, and what was wrong with it
- ``drop``: the files of one snapshot, refused unless they are whole
- ``snapshot``: a drop as an indexed SQLite database in memory
- ``keeper``: the last good snapshot, and when to look for a newer one
- ``rights``: rows to study rights
- ``competence``: rows to learning periods and demonstrations
- ``units``: rows to the units of a plan and the support beside them
- ``plans``: rows to whole plans
- ``relations``: rows to appointments and assignments
- ``source``: the connector itself
"""

from connectors.table.drop import DropRefused, FilesDoNotFit
from connectors.table.settings import TableSettings
from connectors.table.source import TableSource

__all__ = ["DropRefused", "FilesDoNotFit", "TableSettings", "TableSource"]
