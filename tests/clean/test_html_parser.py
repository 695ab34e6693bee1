"""Our own tree builder builds the tree that Beautiful Soup's builder does."""

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


def parse_with_beautiful_soup(body: str) -> BeautifulSoup:
    return BeautifulSoup(f"<body>{body}", "lxml", multi_valued_attributes=None, string_containers={})


def elements(tree: BeautifulSoup) -> Iterator[PageElement]:
    element: PageElement | None = tree.contents[0] if tree.contents else None
    while element is not None:
        yield element
        element = element.next_element


def comparable(value: object) -> object:
    """The value of an element's attribute; of another element, its name, attributes and size."""
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return (value.name, value.attrs, len(value.contents)) if isinstance(value, Tag) else value


@pytest.mark.parametrize("bodies", [ODD, [*map(random_tag_soup, range(150))]], ids=["odd", "tag soup"])
def test_tree_equals_the_one_that_beautiful_soup_builds(bodies: Sequence[str]) -> None:
    for body in bodies:
        for actual, reference in zip(
            elements(parse_html(body)), elements(parse_with_beautiful_soup(body)), strict=True
        ):
            expected = {name: comparable(value) for name, value in vars(reference).items() if name != "_namespaces"}
            assert {name: comparable(getattr(actual, name)) for name in expected} == expected, body
            assert isinstance(actual, type(reference)), body


def test_element_of_the_tree_can_be_copied_and_serialized() -> None:
    body = "<p class='a b'>样例<br>文字<img src=x></p>"
    assert str(copy.copy(parse_html(body).p)) == str(parse_with_beautiful_soup(body).p)
