"""National registers: who is who, and the organisation tree.

onr           the learner register (oppijanumerorekisteri)
organisaatio  the organisation register (organisaatiopalvelu)
"""
