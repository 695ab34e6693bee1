"""The tree that the walk reads is the one that Beautiful Soup makes by itself, only made sooner."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import pytest
from bs4 import BeautifulSoup
from bs4.element import PageElement, Tag

from helpers.random_html import random_tag_soup
from refeed.clean.html_parser import parse_html

ODD = (
    "",
    "text and nothing else",
    "<meta charset=big5><meta http-equiv=content-type content='text/html; charset=big5'><p>样例",
    "<pre> \n </pre> \n <textarea> \n<pre>  </textarea></pre> <p> \n </p>",
    "<p>一<!-- note -->二<?pi three?>四<![CDATA[five]]></p></body></html> after <body class=late>the end",
    "<table><tr><td>一<p>二</table><li>三</b></i><b><i>四</b>五</i>",
    "<svg:path xml:lang=zh o:x=1><o:p>样例</o:p><br/>文字</br></p>",
)


def by_itself(body: str) -> BeautifulSoup:
    return BeautifulSoup(f"<body>{body}", "lxml", multi_valued_attributes=None, string_containers={})


def elements(tree: BeautifulSoup) -> Iterator[PageElement]:
    element: PageElement | None = tree.contents[0] if tree.contents else None
    while element is not None:
        yield element
        element = element.next_element


def shown(value: object) -> object:
    """What an element's attribute says; another element by its own words."""
    if isinstance(value, list):
        return [shown(one) for one in value]
    return (value.name, value.attrs, len(value.contents)) if isinstance(value, Tag) else value


@pytest.mark.parametrize("bodies", [ODD, [*map(random_tag_soup, range(150))]], ids=["odd", "tag soup"])
def test_the_tree_is_the_one_that_beautiful_soup_makes(bodies: Sequence[str]) -> None:
    for body in bodies:
        for one, other in zip(elements(parse_html(body)), elements(by_itself(body)), strict=True):
            told = {name: shown(value) for name, value in vars(other).items() if name != "_namespaces"}
            assert {name: shown(getattr(one, name)) for name in told} == told, body
            assert isinstance(one, type(other)), body


def test_an_element_of_the_tree_can_be_copied_and_written() -> None:
    body = "<p class='a b'>样例<br>文字<img src=x></p>"
    assert str(copy.copy(parse_html(body).p)) == str(by_itself(body).p)
