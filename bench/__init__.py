"""Measurements, for whoever wants figures: nothing imports from this room, and one test holds a ratio wide.

endpoint    what a request costs around the read path, layer by layer: ``python -m bench.endpoint``
gate        what the release gate adds to a request, on each store: ``make bench``
verifier    how fast the log's verifier goes through a log: ``make bench``
guidance    what follow-up of many students costs: ``make bench``
warm        what a warm read costs in process: ``python -m bench.warm``
clients     what a fetch from a source costs, by the client that makes it: ``python -m bench.clients``
workers     what a second worker is worth: ``python -m bench.workers``
projecting  what a compiled selection is worth: ``python -m bench.projecting``
collected   what kept plans cost the collector of garbage: ``python -m bench.collected``
reliability the targets of reliability as a table, and the command that prints them
service     what the service stands as a whole: overload, stalls, stopping, outages: R2, R5 to R9, R16, R18, R20 and R22
arrivals    a load of requests at a rate, or as fast as answers come, from a process of its own
faults      what failing sources cost: R1, R1b, R2, R3, R4, R6 and R15 of the reliability targets

comparison  this gateway beside others, in one run on one machine: ``make bench``, kept in ``RESULTS.md``
question    what everybody is asked, and the right answer, from the source's bytes
world       the students and their plans, as many as wanted
sources     the systems behind, as processes that have their answers ready
scene       where they are compared: running sources, and tokens
targets     a gateway: how it is started and asked, and where in its answer the plans stand
floors      what no gateway can be faster than
ours        the project's own, with settings for it
bare        the same with one piece out of work, for what the piece costs
plain       Strawberry and httpx, as a Python team writes it
peers       the gateways that npm ships
load        connections that ask, check and time; the processor time and memory of processes
rows        what is timed
facts       what is counted: memory, calls, and what is left when a source fails
scaling     how cost grows
table       the figures as Markdown
"""
