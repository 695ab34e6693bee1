"""What an operator or a source file may say, as types: the words of `sources/*.yaml` and of config.yaml.

Read by `refeed.config`, handed to the stages as plain values.
"""

from .limits import DEEPEST, DEFAULT, Limits
from .naming import SLUG, Title
from .patterns import PATTERN, Regexp, compile_pattern, compiled
from .sources import Element, Field, Keep, Label, Line, SourceRule, Take
from .topics import WEIGHT, TopicRule
from .upstreams import FetchRule, UpstreamRule
from .values import check_address, check_languages
from .views import CONVERSIONS, MOST, View, ViewRule

__all__ = [
    "CONVERSIONS",
    "DEEPEST",
    "DEFAULT",
    "MOST",
    "PATTERN",
    "SLUG",
    "WEIGHT",
    "Element",
    "FetchRule",
    "Field",
    "Keep",
    "Label",
    "Limits",
    "Line",
    "Regexp",
    "SourceRule",
    "Take",
    "Title",
    "TopicRule",
    "UpstreamRule",
    "View",
    "ViewRule",
    "check_address",
    "check_languages",
    "compile_pattern",
    "compiled",
]
