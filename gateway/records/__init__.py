"""What the gateway itself must remember, in one store: the disclosure log, consents, shares, appointments.

In order of flow:

chain         how a record is sealed to the one before it
tables        the tables, for SQLite and PostgreSQL alike
migration     the tables brought to the form that this version needs
roles         what each role of a database may do to the tables
faults        what goes wrong with the store, without a text
files         the files of a store in a file, watched
opening       how either database is opened, and whose turn it is to write
driver        what every answer waits for, said to the database's driver as it stands
stream        a stream of the log, appended to
releases      what the gate does with answers in one transaction
scribe        records what answers tell, in a process of its own
dictation     what is to be recorded, in groups to the scribe
store         one writer for everything else, durable transactions in groups
log           a stream as the store's jobs append to it, records found by person
anchors       signed statements of where the log stands, handed outside
consents      what students have given and withdrawn
shares        consents handed out as links, accepted by a token
appointments  what staff have appointed people to, accepted by a code
embeds        tokens for the pages of workplace tools, each bound to one appointment
gate          before a byte leaves, what it discloses recorded
disclosures   what an answer tells, as records of the log
looks         the log as the person it is about reads it
export        a person's own records to take along, signed and provable
inspection    the log as whoever runs the gateway reads it
retention     what is erased when its time is over
keeping       all of it, put together from the settings
"""
