"""Dates as feeds, headers and pages write them -> times."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from helpers.property_testing import given, st
from refeed.written_dates import parse_date

READ = """
    Mon, 20 Jul 2020 10:20:18 GMT                               2020-07-20T10:20:18+00:00
    Mon, 20 Jul 20 10:20:18 GMT                                 2020-07-20T10:20:18+00:00
    Mon, 20 Jul 98 10:20:18 GMT                                 1998-07-20T10:20:18+00:00
    20 Jul 2020 10:20 +0800                                     2020-07-20T10:20:00+08:00
    Mon, 20 July 2020 10:20:18 EDT                              2020-07-20T10:20:18-04:00
    Mon,20 Jul 2020 10:20:18 GMT                                2020-07-20T10:20:18+00:00
    Monday, 20-Jul-20 10:20:18 GMT                              2020-07-20T10:20:18+00:00
    Mon Jul 20 10:20:18 2020                                    2020-07-20T10:20:18
    Mon Jul 20 10:20:18 GMT 2020                                2020-07-20T10:20:18+00:00
    2020-07-20T10:20:18.1234567Z                                2020-07-20T10:20:18+00:00
    2020-07-20T10:20:18+0800                                    2020-07-20T10:20:18+08:00
    2020-07-20T10:20:18-00:00                                   2020-07-20T10:20:18+00:00
    2020-07-20T10:20Z                                           2020-07-20T10:20:00+00:00
    2020-07-20 10:20:18 +0800 CST                               2020-07-20T10:20:18+08:00
    20200720T102018Z                                            2020-07-20T10:20:18+00:00
    Mon, 20 Jul 2020 10:20:18 GMT+0800                          2020-07-20T10:20:18+08:00
    Mon Jul 20 2020 10:20:18 GMT+0800 (China Standard Time)     2020-07-20T10:20:18+08:00
    Mon, 20 Jul 2020 10:20:18 +08:00                            2020-07-20T10:20:18+08:00
    Mon, 20 Jul 2020 10:20:18 +8                                2020-07-20T10:20:18+08:00
    Mon, 20 Jul 2020 10:20:18 −0530                             2020-07-20T10:20:18-05:30
    Mon, 20 Jul 2020 10:20:18 CEST                              2020-07-20T10:20:18+02:00
    Mon, 20 Jul 2020 10:20:18 BST                               2020-07-20T10:20:18+01:00
    Mon, 20 Jul 2020 10:20:18 JST                               2020-07-20T10:20:18+09:00
    Mon, 20 Jul 2020 10:20:18 HKT                               2020-07-20T10:20:18+08:00
    Mon, 20 Jul 2020 10:20:18 CST                               2020-07-20T10:20:18-06:00
    Mon, 20 Jul 2020 10:20:18 PM                                2020-07-20T22:20:18
    July 20, 2020 at 12:20 a.m.                                 2020-07-20T00:20:00
    July 20th, 2020, 10:20 pm EST                               2020-07-20T22:20:00-05:00
    Tue, 18 Sept 2018 15:53:56 +0300                            2018-09-18T15:53:56+03:00
    lun., 20 juil. 2020 10:20:18 +0200                          2020-07-20T10:20:18+02:00
    mar. 21 juil. 2020 10h20                                    2020-07-21T10:20:00
    Mo, 20 Okt 2020 10:20:18 +0200                              2020-10-20T10:20:18+02:00
    Montag, 20. Juli 2020, 10:20 Uhr                            2020-07-20T10:20:00
    20 de julio de 2020                                         2020-07-20
    20 июля 2020 г. 10:20                                       2020-07-20T10:20:00
    星期一, 20 七月 2020 10:20:18 +0800                          2020-07-20T10:20:18+08:00
    2020年7月20日 10:20                                          2020-07-20T10:20:00
    2020年7月20日 下午10时20分                                   2020-07-20T22:20:00
    2020년 7월 20일 오후 3:05                                    2020-07-20T15:05:00
    Mon, 20 Jul 2020 24:00:00 GMT                               2020-07-21T00:00:00+00:00
    2020 年 7 月 20 日 星期一                                    2020-07-20
    ２０２０年７月２０日                                         2020-07-20
    2020/07/20 10:20:18                                         2020-07-20T10:20:18
    2020/7/20 10:20:18 +0800                                    2020-07-20T10:20:18+08:00
    2020.07.20                                                  2020-07-20
    20.07.2020 10:20                                            2020-07-20T10:20:00
    20/07/2020 10:20                                            2020-07-20T10:20:00
    12.11.2020                                                  2020-11-12
    20200720                                                    2020-07-20
    20200720102018                                              2020-07-20T10:20:18
    2020-202                                                    2020-07-20
    2020-202T10:20:18Z                                          2020-07-20T10:20:18+00:00
    2020-07-20T8:5:0                                            2020-07-20T08:05:00
    Mon, 20 Jul 2020 8:5:0 +0800                                2020-07-20T08:05:00+08:00
    2020年7月20日8时5分                                          2020-07-20T08:05:00
    2020-07-20 10:20 America/New_York                           2020-07-20T10:20:00-04:00
    2020-01-20 10:20 PM America/New_York                        2020-01-20T22:20:00-05:00
    2020-07-20T10:20:18[Asia/Shanghai]                          2020-07-20T10:20:18+08:00
    2020-07-20T10:20:18+09:00[Asia/Shanghai][u-ca=gregory]      2020-07-20T10:20:18+09:00
    2020-07-20T10:20:18 (UTC +08:00)                            2020-07-20T10:20:18+08:00
    民國109年7月20日                                             2020-07-20
    中華民國109年7月20日 下午10時20分                             2020-07-20T22:20:00
    令和2年7月20日 10:20                                         2020-07-20T10:20:00
    令和元年7月20日                                              2019-07-20
    1 May 1851                                                  1851-05-01
"""

NOT_READ = """
    Thu, 01 Jan 1970 00:00:00 GMT | 0001-01-01T00:00:00Z
    Mon, 30 Nov -0001 00:00:00 +0000 | 0000-00-00 00:00:00 | Thu, 30 Feb 2020 10:20:18 GMT | Invalid Date | 日期待定
    yesterday | 3 | 12 | Chapter 3, page 12 of 2020 | 12/11/2020 | 2020 | 10:20 | 20 Jul 2020 25:20 GMT | in 2020-07-20
    20 Jul 2020 10:20:18 XYZT | 20 Jul 2020 10:20 +9900 | 20 Jul Aug 2020 | July 2020 | -1 | 2020-07
    2019-366 | 2020-000 | 20209920102018 | 20200720992018 | 2020-07-20 10:20 Nowhere/Here | 109年7月20日
    2020-07-20 10:20 America/Argentina | 2020-07-20 10:20 Etc/../UTC
"""


@pytest.mark.parametrize("line", READ.strip().split("\n"))
def test_date_is_read_in_every_form_that_is_in_use(line: str) -> None:
    text, _, expected = line.strip().rpartition(" ")
    parsed = parse_date(text.strip())
    assert parsed is not None
    assert (parsed.at, parsed.day_only) == (datetime.fromisoformat(expected), "T" not in expected)


@pytest.mark.parametrize("text", [text.strip() for line in NOT_READ.strip().split("\n") for text in line.split("|")])
def test_what_is_no_date_or_could_be_two_is_not_read(text: str) -> None:
    assert parse_date(text) is None


def test_zone_of_the_writer_applies_where_the_text_names_none_or_an_ambiguous_one() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    for text in ("2020-07-20 10:20", "Mon, 20 Jul 2020 10:20:00 CST"):
        parsed = parse_date(text, shanghai)
        assert parsed and parsed.at == datetime(2020, 7, 20, 10, 20, tzinfo=shanghai)
    parsed = parse_date("Mon, 20 Jul 2020 10:20:00 GMT", shanghai)
    assert parsed and parsed.at.utcoffset() == ZoneInfo("UTC").utcoffset(None)


@given(st.text(alphabet=st.sampled_from("0123456789:/-., +TZ年月日時pmgtjuliх(")))
def test_any_text_is_a_date_or_none(text: str) -> None:
    parse_date(text)


def test_long_text_costs_no_time() -> None:
    started = time.process_time()
    for piece in ("1 ", "1:", "(", "年", "a.", "+1", "m1 "):
        parse_date("2020 " + piece * 100_000)
        parse_date(("2020 " + piece * 100)[:100])
    assert time.process_time() - started < 1
