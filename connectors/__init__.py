"""Where data come from: one module per kind of student system or register, all speaking the domain's records.

A connector returns an outcome for every key it was asked, never raises for one bad key, never decides who may see what.

In order of flow:

failures               what can go wrong with a source
limits                 what may be set of every source over HTTP
addresses              which addresses a host name may lead to
origins                where a source may be asked, and at no other origin
trust                  whose certificates are trusted, and which one is shown
carriage               what the client asks of whatever carries its requests
connections            a source's own connections: HTTP/1.1 to checked addresses alone
decoding               the body of an answer, decoded within its limits
breaker                whether a source is asked at all
retries                when a source is asked again
slots                  how many calls to a source run, and how many wait
transport              the same over a transport of httpx: an application, or a test
condition              the condition of a source, for whoever runs the gateway
capabilities           what a source can tell, declared as data
client                 the one outgoing HTTP client: deadline, size, address
cas                    tickets of OPH's staff CAS, and sessions opened with them
oauth                  a source's access token by client credentials
revalidated            documents asked for again with the version that is known
shelf                  what sources told lately, bounded in bytes, and what they are being asked right now
kept                   answers that are kept for a moment, and fetches that are shared
kept_rights            study rights kept, of one source and of all together
kept_sources           the other sources kept, and the registers shared
letters                letters composed, however many marks are piled upon them
wire                   how a field of a foreign document is written down in a table
outline                what a JSON document shows at a glance: its structure, and whether its texts are clean
bodies                 a JSON body within limits, before anything is built of it
lenient                JSON that breaks its own schema, read without losing what is right
ehoks_wire_competence  eHOKS's documents: periods and demonstrations
ehoks_wire             eHOKS's documents: plans
ehoks_plan             an eHOKS document to a plan
each_right             questions that a source is asked right by right
right_by_right         a source of plans that is asked so
ehoks                  plans from eHOKS
ehoks_changes          hints from eHOKS on which kept plans have changed
documents              plans in eHOKS's form, each at an address of the provider's own
koski_wire             Koski's documents
koski                  study rights from Koski
oneroster_pages        a whole collection that comes in pages
oneroster_wire         OneRoster's answers and rows
oneroster_right        enrolments to a study right
oneroster_groups       classes to groups, and who guides whom by them
oneroster_join         users and enrolments of a roster put together
oneroster_settings     the settings of a roster interface
oneroster_reading      rosters read over HTTP, whole or of one person
oneroster              study rights and groups from a roster interface
table                  rights and plans from files that a student system exports
rest                   rights and plans from any JSON interface, by settings alone
registries             the learner register, the organisation register and the registers of names
network                a client for each source, and the secrets on disk
connected              what the gateway reads from, from its start to its stop
catalogue              the kinds of sources, and how each is made from its settings
"""
