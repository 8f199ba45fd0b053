"""What is said of views that cannot be used; by itself, as it is known where no database is."""


class ViewsDoNotFit(Exception):
    """Views that are not those the settings name; the text is one line for the operator."""
