"""What a browser makes of the gateway's pages: ``make test-view`` runs it, the suite does not.

conftest        a Chromium, the gateway and its sandbox, a page that is watched
watch           everything a page does that it should not
answers         how the gateway can answer other than well
viewing         the page /view as people use it, and its audit
"""
