"""Statements of SQL whose names of tables and columns are our own."""

from collections.abc import Iterable


def sql(template: str, **names: str) -> str:
    """A statement with names of tables and columns, which are always our own and never a provider's."""
    for name, value in names.items():
        template = template.replace("{" + name + "}", value)
    return template


def listed(columns: Iterable[str]) -> str:
    """Names of columns in a statement, quoted: one of them is a word of SQL."""
    return ", ".join(f'"{column}"' for column in columns)
