from mnix_tui.link.hostkeys.asking import _No


def test_a_no_answers_once_for_each_other_server_and_never_for_who_tries_again() -> None:
    no = _No("a")
    no.give("a")
    assert not no.holds("a")
    assert no.holds("b")
    assert not no.holds("b")
    assert no.server == "a"


def test_a_no_is_forgotten_after_a_while() -> None:
    assert not _No("a").holds("b")
