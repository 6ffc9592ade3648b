"""Pictures of a page are made by its own Python."""

import pytest
from skips import needs

PAGE = """
```python
>>> picture = "<svg>" + str(1 + 1) + "</svg>"
>>> print("not part of it")
not part of it

```

<!-- picture: two -->

```python
>>> again = 3
>>> picture = f"<svg>{again}</svg>"

```

<!-- picture: three -->
"""


def test_a_picture_is_the_value_after_the_session_above_it() -> None:
    from pictures import drawn

    assert [(p.svg, p.description, place) for p, place in drawn(PAGE)] == [
        ("<svg>2</svg>", "two", "<!-- picture: two -->"),
        ("<svg>3</svg>", "three", "<!-- picture: three -->"),
    ]


def test_a_page_without_pictures_is_not_run() -> None:
    from pictures import drawn

    assert list(drawn("```python\n>>> raise SystemExit\n```\n")) == []


def test_a_picture_is_not_taken_twice() -> None:
    from pictures import drawn

    with pytest.raises(KeyError, match="picture"):
        list(drawn(PAGE + "\n<!-- picture: none was made -->\n"))


def test_a_figure_becomes_svg_with_text() -> None:
    figure = needs("matplotlib.figure")
    from pictures import _svg

    axes = figure.Figure().subplots()
    axes.set_xlabel("theta")
    text = _svg(axes)
    assert "<svg" in text
    assert ">theta</text>" in text
    assert "<dc:date>" not in text
