"""Any student system that exports rows: files or views described in settings alone, loaded into memory, asked by key.

Modules, in order of flow:

- ``settings``: what the operator declares of a provider's files or views: columns, codes, formats
- ``cells``: text of a cell to a value of ours, and what was wrong with it
- ``drop``: the files of one snapshot, refused unless they are whole
- ``statements``: statements of SQL whose names are our own
- ``writing``: rows into tables, their cells made ready for joining
- ``tidying``: rows hung together by the provider's local keys, and what no key can place
- ``snapshot``: rows as an indexed SQLite database in memory, asked by key
- ``paths``: along which keys a question is followed from view to view
- ``keeper``: the last good snapshot of files, and when to look for a newer one
- ``typed``: typed values of a database to texts of cells
- ``unfit``: what is said of views that cannot be used
- ``database``: a provider's views, read in one transaction per answer
- ``views``: the rows of one question read now, or all rows read now and then
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
from connectors.table.unfit import ViewsDoNotFit

__all__ = ["DropRefused", "FilesDoNotFit", "TableSettings", "TableSource", "ViewsDoNotFit"]
