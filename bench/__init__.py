"""Measurements, for whoever wants figures: nothing imports from this room, and no test depends on a figure of it.

endpoint  what a request costs around the read path, layer by layer: ``python -m bench.endpoint``
gate      what the release gate adds to a request, on each store: ``make bench``
guidance  what follow-up of many students costs: ``make bench``
clients   what a fetch from a source costs, by the client that makes it: ``python -m bench.clients``
faults    what failing sources cost: R1, R1b, R2, R3, R4, R6 and R15 of the reliability targets
workers   what a second worker is worth: ``python -m bench.workers``
"""
