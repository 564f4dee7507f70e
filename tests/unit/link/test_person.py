import asyncio

from mnix_tui.link.login.person import Person, clean
from mnix_tui.link.model import SecretQuestion
from tests.helpers.settle import asettle


def test_what_a_server_says_is_cleaned_and_bounded() -> None:
    assert clean("\x1b]0;x\x07 Hello \u202e there\r\n\tyou ") == "]0;x Hello there\nyou"
    assert clean("a" * 500, 10) == "a" * 9 + "…"
    assert clean("\x00") == ""


async def ask_of(person: Person) -> tuple[str, ...] | None:
    return await person.wait(person.put("codes", "ann@box", [("Code:", False)]))


async def test_an_answer_has_as_many_parts_as_the_question() -> None:
    answers: list[tuple[str, ...] | None] = [("1",), ("1", "2"), (), None]

    async def answer(question: SecretQuestion) -> tuple[str, ...] | None:
        return answers.pop(0)

    person = Person("box", "gate", answer, 5)
    assert [await ask_of(person) for _ in range(4)] == [("1",), None, None, None]


async def test_where_nobody_is_there_nobody_answers() -> None:
    person = Person("box", "", None, 5)
    assert not person.there
    assert await ask_of(person) is None


async def test_the_clock_stands_still_while_a_person_thinks() -> None:
    async def answer(question: SecretQuestion) -> tuple[str, ...]:
        begin = asyncio.get_running_loop().time()
        await asettle(lambda: asyncio.get_running_loop().time() - begin > 0.2)
        return ("1",)

    person = Person("box", "", answer, 0.1)
    async with asyncio.timeout(0.1) as person.limit:
        assert await ask_of(person) == ("1",)
        assert person.limit.when() is not None  # nobody thinks any more: it counts again
    assert not person.limit.expired()


async def test_a_question_outlives_who_waits_for_it_until_it_is_taken_back() -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def answer(question: SecretQuestion) -> tuple[str, ...]:
        asked.set()
        await answered.wait()
        return ("1",)

    person = Person("box", "", answer, 5)
    for taken_back in (False, True):
        asked.clear()
        answered.clear()
        waiting = asyncio.ensure_future(ask_of(person))
        await asked.wait()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert person.thinking
        if taken_back:
            await person.leave()
        else:
            answered.set()
            await person.answered()
        assert not person.thinking
