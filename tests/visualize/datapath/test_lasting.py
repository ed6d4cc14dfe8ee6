"""Answers that last are worked out once for each object and question."""

from visualize.datapath.lasting import lasting


class Owner:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    @lasting
    def double(self, number: int, twice: bool = False) -> int | None:
        """Twice or four times a number; None for 0."""
        self.asked.append((number, twice))
        return number * (4 if twice else 2) or None


@lasting
def name(owner: Owner, word: str) -> str:
    """A function that is asked about an owner."""
    owner.asked.append(word)
    return word.upper()


def test_each_question_is_asked_once() -> None:
    """By place or by name, also where the answer is None; other arguments and other objects are other questions."""
    one, other = Owner(), Owner()
    assert [one.double(2), one.double(2), one.double(2, twice=True), one.double(2, twice=True), one.double(0), one.double(0)] == [4, 4, 8, 8, None, None]
    assert one.asked == [(2, False), (2, True), (0, False)]
    assert other.double(2) == 4
    assert other.asked == [(2, False)]


def test_a_function_keeps_its_answers_with_its_object() -> None:
    """The first argument is the object."""
    one = Owner()
    assert (name(one, "a"), name(one, "a"), one.double(1)) == ("A", "A", 2)
    assert one.asked == ["a", (1, False)]
