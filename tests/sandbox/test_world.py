"""Every entry of the cast tells its story in the data."""

from datetime import date, timedelta

import orjson

from hoks.identifiers import Check, check_learner_oid, check_organisation_oid, check_study_right_oid
from sandbox import BUSINESS_DAY
from sandbox.cast import cast, people
from sandbox.organisations import ORGANISATIONS, PROVIDERS, organisation, tree_of
from sandbox.parts import Json
from sandbox.world import NOBODY, World, build_world

A_SCHOOL = organisation("A-school").oid


def plan_of(world: World, number: int, key: str) -> Json | None:
    right = world.cast_right(number, key)
    return next((p.document for p in world.plans if p.right is right and not p.copied), None)


def state(world: World, number: int, key: str) -> str:
    return world.cast_right(number, key).state_on(BUSINESS_DAY)


def links(world: World, number: int, key: str) -> tuple[str, str]:
    link = world.cast_right(number, key).included_in
    assert link
    return link.right_oid, link.school_oid


def work_spans(plan: Json) -> list[tuple[str, str]]:
    return [
        (p["alku"], p["loppu"])
        for unit in plan["hankittavat-ammat-tutkinnon-osat"]
        for p in unit["osaamisen-hankkimistavat"]
        if "tyopaikalla-jarjestettava-koulutus" in p
    ]


def test_the_same_seed_makes_the_same_world(world: World) -> None:
    again = build_world()
    assert orjson.dumps([p.document for p in again.plans]) == orjson.dumps([p.document for p in world.plans])
    assert again.rights == world.rights


def test_another_seed_makes_other_plans_of_the_same_stories(world: World) -> None:
    other = build_world(seed=1)
    assert other.plans[0].document != world.plans[0].document
    assert [r.oid for r in other.rights] == [r.oid for r in world.rights]


def test_all_identifiers_are_well_formed_with_right_check_digits(world: World) -> None:
    assert {check_learner_oid(alias) for p in world.people for alias in p.aliases} == {Check.OK}
    assert {check_study_right_oid(r.oid) for r in world.rights} == {Check.OK}
    assert {check_organisation_oid(o.oid) for o in ORGANISATIONS.values()} == {Check.OK}
    aliases = [alias for p in world.people for alias in p.aliases]
    assert len(aliases) == len(set(aliases))
    assert len({r.oid for r in world.rights}) == len(world.rights)


def test_every_person_of_the_cast_says_what_it_shows() -> None:
    assert {p.number for p in people().person} == {*range(1, 19), 20, 21, 24, 25, 26}
    assert all(p.shows for p in people().person)
    personas = {p.persona for p in cast()}
    assert personas >= {"staff-a", "staff-b", "staff-c", "staff-a-school", "system-a", "student-1", "student-17"}


def test_1_bs_right_is_included_in_as_bought_right_and_only_a_has_a_plan(world: World) -> None:
    assert world.cast_right(1, "a").purchased
    assert links(world, 1, "b") == (world.cast_right(1, "a").oid, A_SCHOOL)
    plan = plan_of(world, 1, "a")
    assert plan
    assert plan_of(world, 1, "b") is None
    taught_by_b = [
        period["osaamisen-hankkimistapa-koodi-uri"]
        for unit in plan["hankittavat-ammat-tutkinnon-osat"]
        if unit.get("koulutuksen-jarjestaja-oid") in tree_of("B")
        for period in unit["osaamisen-hankkimistavat"]
    ]
    assert "osaamisenhankkimistapa_koulutussopimus" in taught_by_b


def test_2_b_knows_the_person_by_a_slave_and_holds_an_older_copy_of_as_plan(world: World) -> None:
    right = world.cast_right(2, "b")
    assert right.known_as == right.person.slaves[0] != right.recorded_under == right.person.oid
    copied = next(p for p in world.plans_of("B") if p.copied)
    original = plan_of(world, 2, "a")
    assert original
    assert copied.right is world.cast_right(2, "a")
    assert copied.document["paivitetty"] < original["paivitetty"]
    assert copied.document != original


def test_3_bs_linked_right_ended_a_year_ago_while_as_and_cs_go_on(world: World) -> None:
    end = world.cast_right(3, "b").end
    assert end
    assert timedelta(days=300) < BUSINESS_DAY - end < timedelta(days=400)
    assert links(world, 3, "b")[0] == world.cast_right(3, "a").oid
    assert state(world, 3, "a") == state(world, 3, "c") == "lasna"
    assert plan_of(world, 3, "a")
    assert plan_of(world, 3, "c")


def test_4_as_right_is_present_though_a_graduation_stands_last(world: World) -> None:
    right = world.cast_right(4, "a")
    assert right.end == date(2026, 12, 18)
    assert state(world, 4, "a") == "lasna"
    assert plan_of(world, 4, "a")
    assert (plan_of(world, 4, "c") or {})["ensikertainen-hyvaksyminen"]


def test_5_the_right_at_b_is_suspended_and_as_is_valid(world: World) -> None:
    assert state(world, 5, "b") == "valiaikaisestikeskeytynyt"
    assert state(world, 5, "a") == "lasna"
    assert plan_of(world, 5, "a")
    assert plan_of(world, 5, "b")


def test_6_the_right_at_c_is_annulled_and_still_has_a_plan_there(world: World) -> None:
    assert world.cast_right(6, "c").annulled
    assert plan_of(world, 6, "c")
    assert plan_of(world, 6, "a")


def test_7_two_unlinked_rights_share_a_common_unit_and_overlap_at_the_workplace(world: World) -> None:
    at_a, at_c = plan_of(world, 7, "a"), plan_of(world, 7, "c")
    assert at_a
    assert at_c
    assert not any(r.included_in for r in world.rights if r.person.number == 7)
    codes = [
        {u["tutkinnon-osa-koodi-uri"] for u in plan["hankittavat-yhteiset-tutkinnon-osat"]} for plan in (at_a, at_c)
    ]
    assert codes[0] & codes[1]
    assert any(a[0] <= c[1] and c[0] <= a[1] for a in work_spans(at_a) for c in work_spans(at_c))
    recognised = {u["tutkinnon-osa-koodi-uri"] for u in at_c["aiemmin-hankitut-yhteiset-tutkinnon-osat"]}
    assert recognised & codes[0]


def test_8_a_unit_bought_from_b_is_recognised_in_as_plan_and_b_knows_nobody(world: World) -> None:
    plan = plan_of(world, 8, "a")
    assert plan
    bought = [
        u
        for u in plan["aiemmin-hankitut-ammat-tutkinnon-osat"]
        if u.get("koulutuksen-jarjestaja-oid") == organisation("B").oid
    ]
    assert [u["valittu-todentamisen-prosessi-koodi-uri"][-4:] for u in bought] == ["0001"]
    assert not any(r.person.number == 8 for r in world.rights_of("B"))
    assert plan["tuva-opiskeluoikeus-oid"] == world.cast_right(8, "t").oid
    tuva = plan_of(world, 8, "t")
    assert tuva
    assert tuva["hankittavat-koulutuksen-osat"]
    assert not tuva["hankittavat-ammat-tutkinnon-osat"]


def test_9_an_apprentice_at_c_is_at_the_workplace_with_an_open_interruption(world: World) -> None:
    plan = plan_of(world, 9, "c")
    assert plan
    today = BUSINESS_DAY.isoformat()
    (period,) = (
        period
        for unit in plan["hankittavat-ammat-tutkinnon-osat"]
        for period in unit["osaamisen-hankkimistavat"]
        if "tyopaikalla-jarjestettava-koulutus" in period and period["alku"] <= today <= period["loppu"]
    )
    work = period["tyopaikalla-jarjestettava-koulutus"]
    assert period["osaamisen-hankkimistapa-koodi-uri"].endswith("_oppisopimus")
    assert work["tyopaikan-y-tunnus"]
    assert work["vastuullinen-tyopaikka-ohjaaja"]["nimi"]
    assert "loppu" not in period["keskeytymisajanjaksot"][-1]


def test_10_a_non_disclosure_person_has_linked_rights(world: World) -> None:
    assert world.cast_right(10, "a").person.non_disclosure
    assert links(world, 10, "b") == (world.cast_right(10, "a").oid, A_SCHOOL)
    assert [p.number for p in world.people if p.non_disclosure] == [10]


def test_11_two_sellers_are_linked_to_one_right_which_has_the_only_plan(world: World) -> None:
    buyer = world.cast_right(11, "a")
    assert links(world, 11, "b") == links(world, 11, "c") == (buyer.oid, A_SCHOOL)
    assert [p.right for p in world.plans if p.right.person.number == 11] == [buyer]


def test_12_a_right_began_at_a_provider_that_merged_into_a(world: World) -> None:
    right = world.cast_right(12, "a")
    (earlier,) = right.history
    assert right.start < earlier.until < BUSINESS_DAY
    assert earlier.school.ended == earlier.until - timedelta(days=1)
    assert right.provider == "A"


def test_13_a_minor_turns_18_this_autumn(world: World) -> None:
    born = world.cast_right(13, "b").person.born
    assert born
    assert BUSINESS_DAY < born.replace(year=born.year + 18) < date(2027, 1, 1)
    assert plan_of(world, 13, "b")


def test_18_the_sellers_right_is_for_another_qualification(world: World) -> None:
    buyer, seller = world.cast_right(18, "a"), world.cast_right(18, "b")
    assert links(world, 18, "b")[0] == buyer.oid
    assert buyer.qualification
    assert seller.qualification
    assert buyer.qualification.code != seller.qualification.code


def test_19_a_large_group_is_there_only_when_asked_for_and_moves_nobody(world: World) -> None:
    large = build_world(large_group=1200)
    assert world.large_group == ()
    assert len(large.large_group) == 1200
    assert len({p.oid for p in large.people}) == len(large.people) == len(world.people) + 1200
    assert large.plans[: len(world.plans)] == world.plans


def test_14_bs_link_names_as_right_but_as_second_school(world: World) -> None:
    right, school = links(world, 14, "b")
    assert right == world.cast_right(14, "a").oid
    assert school == organisation("A-adult").oid != world.cast_right(14, "a").school.oid


def test_15_the_linked_rights_lie_under_two_oids_of_one_person(world: World) -> None:
    buyer, seller = world.cast_right(15, "a"), world.cast_right(15, "b")
    assert buyer.recorded_under == buyer.person.oid
    assert seller.recorded_under == seller.known_as == buyer.person.slaves[0]
    assert links(world, 15, "b") == (buyer.oid, A_SCHOOL)


def test_16_cs_right_is_included_in_bs_and_bs_in_as(world: World) -> None:
    assert links(world, 16, "c") == (world.cast_right(16, "b").oid, organisation("B-school").oid)
    assert links(world, 16, "b") == (world.cast_right(16, "a").oid, A_SCHOOL)
    assert plan_of(world, 16, "a")
    assert plan_of(world, 16, "b") is plan_of(world, 16, "c") is None


def test_17_bs_valid_rights_link_to_an_annulled_and_to_an_ended_right(world: World) -> None:
    annulled, ended = world.cast_right(17, "a-annulled"), world.cast_right(17, "a-ended")
    assert annulled.annulled
    assert ended.end
    assert timedelta(days=700) < BUSINESS_DAY - ended.end < timedelta(days=5 * 365)
    assert plan_of(world, 17, "a-ended")
    assert links(world, 17, "b-annulled")[0] == annulled.oid
    assert links(world, 17, "b-ended")[0] == ended.oid
    assert state(world, 17, "b-annulled") == state(world, 17, "b-ended") == "lasna"


def test_20_as_right_ended_more_than_five_years_ago_and_cs_is_valid(world: World) -> None:
    end = world.cast_right(20, "a").end
    assert end
    assert end < BUSINESS_DAY.replace(year=BUSINESS_DAY.year - 5)
    assert plan_of(world, 20, "a")
    assert state(world, 20, "c") == "lasna"


def test_21_cs_plan_has_no_first_approval_while_as_right_is_valid(world: World) -> None:
    draft = plan_of(world, 21, "c")
    assert draft
    assert "ensikertainen-hyvaksyminen" not in draft
    assert state(world, 21, "a") == "lasna"
    assert plan_of(world, 21, "a")


def test_24_studies_at_a_and_d_without_a_link(world: World) -> None:
    assert [state(world, 24, key) for key in "ad"] == ["lasna", "lasna"]
    assert [world.cast_right(24, key).included_in for key in "ad"] == [None, None]
    assert all(plan_of(world, 24, key) for key in "ad")
    assert {right.person.number for right in world.rights_of("D")} == {24, 25}


def test_each_provider_has_a_crowd_to_page_through(world: World) -> None:
    crowd = {letter: sum(not r.person.shows for r in world.rights_of(letter)) for letter in PROVIDERS}
    assert crowd == {"A": 45, "B": 21, "C": 15, "D": 0}


def test_a_right_lies_at_a_site_of_its_own_school(world: World) -> None:
    # A site under another school would make the right that school's own too.
    assert all(r.site is r.school or r.site.path[-1] == r.school.oid for r in world.rights)
    assert {r.school.key for r in world.rights_of("A")} == {"A-school", "A-adult", "merged-school"}


def test_one_student_in_bs_system_has_no_oid_and_is_not_of_the_cast(world: World) -> None:
    nameless = [r for r in world.rights if not r.known_as]
    assert [(r.provider, r.person.number, r.person.shows) for r in nameless] == [("B", NOBODY, "")]
