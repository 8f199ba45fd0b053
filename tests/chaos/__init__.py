"""Nothing that a source does hurts the gateway: a fault proxy between the two, and what each fault must come to.

In order of flow:

proxy         the fault proxy: plays a fault, which is data, on a connection
names         host names that mean what a test says, and the network behind them
certificates  certificates made for the day, good and bad
faults        the table of faults
expected      what each fault comes to at each kind of source, written by hand
worker        a gateway in a process of its own
verdict       what must hold of an answer whatever fails
scene         the sandbox's real servers behind proxies, in a thread of their own
"""
