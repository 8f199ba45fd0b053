"""What a browser makes of the gateway's pages: ``make test-view`` runs it, the suite does not.

conftest        a Chromium, the gateway and its sandbox, a page that is watched
watch           everything a page does that it should not
"""
