"""What the documentation shows is found block by block, and what can be asked as it stands is an example."""

import json

from sandbox.cast import cast
from sandbox.pages import blocks, examples, is_whole, roots


def test_blocks_are_known_by_their_page_language_and_number_and_stand_under_a_heading() -> None:
    known = {each.place: each for each in blocks()}
    assert len(known) == len(blocks())
    first = known["README.md graphql 1"]
    assert (first.heading, first.persona, roots(first.text)) == ("A student at two providers", "staff-a", ["student"])
    assert known["README.md plain 1"].text == "make run\n"


def test_every_operation_that_needs_no_variable_is_an_example_for_somebody_of_the_cast() -> None:
    listed = json.loads(examples())
    assert listed[0]["page"] == "README.md"
    assert listed[0]["title"] == "A student at two providers: student"
    assert {"README.md", "docs/guidance.md", "docs/recognition.md", "docs/records.md"} == {
        each["page"] for each in listed
    }
    assert {each["persona"] for each in listed} <= {each.persona for each in cast()}
    assert len(listed) == sum(each.language == "graphql" and is_whole(each.text) for each in blocks()) > 10


def test_what_needs_a_variable_or_is_two_operations_is_not_whole() -> None:
    assert is_whole("query ($a: Int) { a(b: $a) }")
    assert not is_whole("query ($a: Int!) { a(b: $a) }")
    assert not is_whole("query A { a } query B { b }")
