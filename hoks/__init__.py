"""The domain: what would stay true if every system and framework were replaced.

It is pure: no sockets, files, clock or environment of its own. It awaits only the protocols of ``ports``.

In order of flow:

identifiers    OIDs and business ids, and their check digits
values         texts in three languages, codes, organisations, provenance
items          the law's data items, and how a field says which one it is
records        what every record of a person's data is
beside         what is made of a record alone, kept as long as the record
codes          code sets as enums
findings       what is wrong or doubtful in the data, without repeating it
competence     acquiring and demonstrating competence: periods, workplaces, demonstrations
units          planned and prior units, support
study_right    the study right, its phase on a day, the five-year clock
progress       how far a plan is, in units and competence points
guidance_phase  where a student is in the process of HOKS and career guidance
plan           the personal competence development plan (HOKS)
outcomes       what can come of asking a source for a key
paging         where a page of a list ends
wording        plain words for what the log says in codes
seen           who has seen a student's data, as the student reads it
placed         every unit with the plan it stands in, and whether two are the same unit
hints          what two plans say together
combined_units  the units of all plans side by side
timeline       everything with a day, in one ordered list
student        the merged student, and the views drawn for a reader
relations      appointments, assignments, consents, statutes
organisations  the organisation tree and whose a right is in it
caller         who is asking, in which acting role
errors         what goes wrong, by whose fault
ports          what the domain asks of the outside world
waiting        for what a request waits, noted beside its work
asking         asking a source within the deadline, contained
sitting        one request: its day and its deadline, begun once
merged         one right as its sources together tell it
hearing        what sources of rights told of one person, and how each answered
links          procurement links between rights
narrow         of a plan only what somebody is appointed to
access         the rules, the facts, the decision and the redaction
stamp          provenance and opaque ids on every part
merge          the plans of one student side by side
views          what is drawn from a redacted student
labelled       names from the registers put on what is shown
showing        whole record and grants in, what the caller may see out
standing       what appointments, assignments and consents make of a caller
looking        students looked at together: their rights, the facts, the decision
looked         one student looked at by one caller, before any plan is fetched
told           what sources told: whose it is, how old, how it came
questions      the questions of a request, one per stage, each within its time
viewing        the plans of those who were looked at, as the caller may see them
appointing     what staff may appoint somebody to, and whether an appointment still finds its part
consenting     what a student may consent to, and for how long
shares         a consent handed out as a link: to whoever first accepts it
consent_texts  what a student is shown before consenting, by version
disclosing     what an answer tells of whom, by item and ground
explaining     why a caller sees what they see
looking        the rights of students, the facts about them, and the decision
viewing        the plans of students who were decided on, fetched, merged and redacted
reading        the read path: identify, rights, facts, decide, fetch, merge, redact
nominating     appointments made by staff and accepted by whoever brings the code
embedding      the appointments that embed tokens may stand on
guidance       what a plan waits for, and the themes of a group's meetings
folding        counts that tell of no single person
quality        what the rules of writing find in a plan
remedies       what to do about each finding
guiding        a group's meeting and a unit's counts, each read once
mending        a provider's findings, the most severe first
unchanged      whose plans need not be read again, by what their sources say
changing       which visible plans have changed, for a provider's own system
giving         a student's own consents: given, listed, withdrawn
sharing        shares made, accepted, revoked
following      a student who follows who has seen their data
"""
