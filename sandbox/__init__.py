"""An invented world in which a newcomer tries the gateway, as HTTP servers on loopback.

The room promises four student systems with genuinely different wire formats, the national registries, a token
issuer and one cast of invented people, each there to show one rule. The same seed makes the same world, to the byte.
Nothing in the serving path imports this room; it imports only ``hoks``.

Modules, in order of flow:

- ``cast``: reads ``people.toml``: who is in the world, which rights they have, and who may log in
- ``texts``: reads ``texts.toml``: qualifications, workplaces and the words of plans, in Finnish and Swedish
- ``organisations``: the four providers with their schools and sites, one that has merged, and authorities
- ``parts``: the parts of a plan: periods, demonstrations, assessors
- ``plans``: a whole plan, in the shape of eHOKS, which is the neutral form here
- ``world``: the cast and a crowd of background students with their rights and plans, as one typed value
- ``cas``: gives the tickets that provider A's eHOKS asks for
- ``ehoks``: provider A's plans over HTTP, with a CAS ticket for each call
- ``rights``: a study right as Koski writes it
- ``koski``: study rights over HTTP, as provider A's account sees them
- ``rows``: rights and plans as flat rows with the gateway's logical column names
- ``staff``: who is appointed to which part and who guides whom, as rows too
- ``dialect``: what can differ between systems that write rows
- ``dialects``: how providers A, B and C name and write theirs
- ``oneroster``: provider C's people and rights over HTTP, as a roster
- ``drop``: writes a provider's nightly files, the manifest last
- ``campus``: provider D's system over HTTP, in JSON of its own, connected by settings alone
- ``registries``: the learner register (ONR) and the organisation register (Organisaatio)
- ``names``: reads ``names.toml``: what the reference registers call codes and units
- ``koodisto``: the code sets (Koodisto)
- ``eperusteet``: the qualification requirements (ePerusteet)
- ``amosaa``: the local units (AMOSAA)
- ``issuer``: signs real tokens for the cast
- ``faults``: what a server can be made to do wrong while it runs
- ``settings``: secrets of this sandbox, and the gateway's settings text for it
- ``server``: starts all of it in one event loop and stops it
- ``pages``: what the documentation shows, and which of it can be asked as it stands
- ``graphiql``: fetches what npm ships of the page on which it is asked by hand
"""

from datetime import date

BUSINESS_DAY = date(2026, 10, 5)
"""The day on which the world stands still; only tokens and tickets live in real time."""
SEED = 20261005
