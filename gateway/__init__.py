"""The running service: settings, callers, HTTP and the command line around the graph.

In order of flow:

settings        what may be set
misfits         what does not fit the settings, in words
complaints      what fits them and must still not be started with
settings_file   the settings file, refused where it is unknown, missing or insecure
clock           the time, and the fixed day of the sandbox
errors          every public error code, its status and its words
noting          what is noted of a request, for whoever runs the gateway
logs            the log as it is written: one line for each request
metrics         what is counted
tracing         a request and its questions as spans
pushing         what is counted, sent to a collector
observing       around everything: an id, a clock, and who is told of a request
heartbeat       watches that the event loop goes on
load            how much is asked: a crowd or a burst, by whom, and how many may be begun
admission       who is served now, who waits, who is refused
readiness       whether requests should come
operators_port  metrics and readiness in full, on a port of this machine alone
keys            an issuer's public keys
callers         a token and an acting role to a verified caller
envelope        the strict JSON of a request, or its URL
costs           what the root fields of an operation may come to
documents       documents parsed, validated and limited once
trees           the tree of a document as it is kept
manifests       the trusted documents of a client, in a file
operations      which document a request means, and whether its client may run it
http            /graphql
embedding       POST /embed-token, and what a bearer of one may do
invalidate      POST /invalidate: a source says that something of its has changed
hearsay         what a source says to one worker, passed on to the others
export          GET /disclosures/export: a student takes along what the log says of them
view            /view: the page and the elements of the room ``view``
graphiql        /graphiql: the page on which a sandbox is asked by hand
records         the log, consents and the release gate, in one store
app             the composition root: the only place that knows every part
explain         what an operator may ask of the rules, in words
checking        every source of a configuration tried once
memory          what large answers took in memory, given back to the system
preparing       the database of the records made ready by its owner
workers         so many processes that serve, kept at their number
starter         tells whoever started it that it serves
serving         an application on one address until it is told to stop
oversight       what an operator does with what is kept, at the command line
registering     trusted documents checked and added, at the command line
trial           the sandbox beside a gateway, to try it with
sandbox_faults  lets a source of the running sandbox fail, from the command line
cli             the command ``hoks-gateway``
"""
