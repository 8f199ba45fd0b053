"""National registers: who is who, the organisation tree, and the names of what plans hold only the codes of.

In order of flow:

onr           the learner register (oppijanumerorekisteri)
almanac       what a register has told, in memory, loaded in the background
large         large documents of many small records
names         names as the registers write them
mergers       mergers of organisations, and who once stood under whom
organisaatio  the organisation register (organisaatiopalvelu)
koodisto      names of codes
eperusteet    names and credits of units, by requirement document
amosaa        names of local units
labels        all these names behind one port
"""
