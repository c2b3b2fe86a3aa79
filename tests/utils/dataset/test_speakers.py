"""What may be wrong with who speaks is asked about."""

import pandas as pd

from src.utils.dataset.speakers import describe_near_names, describe_two_genders


def clips(*rows: tuple[str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["speaker", "gender"], dtype="str")
    return table.assign(file=[f"{row}.wav" for row in range(len(table))])


def test_two_genders_name_the_rarer_clips() -> None:
    files = clips(("a", "F"), ("a", "F"), ("a", "M"), ("b", "M"), ("b", ""), ("", "M"), ("", "F"))
    [told] = describe_two_genders(files)
    assert told.startswith("1 speaker has two genders")
    assert "a (F in 2, M in 1 clips; M in 2.wav)" in told
    assert describe_two_genders(clips(("a", "F"), ("b", "M"), ("b", ""))) == []
    many = [(f"s{number}", gender) for number in range(9) for gender in "FM"]
    [told] = describe_two_genders(clips(*many))
    assert "9 speakers have" in told
    assert "and 6 more" in told


def test_names_that_differ_little() -> None:
    composed, apart = "\u00c4nna", "A\u0308nna"
    for one, other in (("Anna", "anna"), ("s 1", "s_1"), (composed, apart), ("Anna", "Anna ")):
        [told] = describe_near_names(clips((one, ""), (other, ""), ("ben", ""), (one, "")))
        assert repr(one) in told
        assert repr(other) in told
        assert "ben" not in told
        assert "write one name" in told
    assert describe_near_names(clips(("s11", ""), ("s1-1", ""), ("", ""), ("LA_01", ""))) == []
