"""What an operator or a source file may say, as types: the words of `sources/*.yaml` and of config.yaml.

Read by `refeed.config`, handed to the stages as plain values.
"""

from .limits import DEFAULT, Limits
from .sources import SLUG, Element, Field, Keep, Label, Line, SourceRule, Take, compiled
from .topics import PATTERN, WEIGHT, TopicRule, compile_pattern, pattern_options
from .upstreams import FetchRule, UpstreamRule
from .values import check_address, check_languages
from .views import CONVERSIONS, MOST, View, ViewRule

__all__ = [
    "CONVERSIONS",
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
    "SourceRule",
    "Take",
    "TopicRule",
    "UpstreamRule",
    "View",
    "ViewRule",
    "check_address",
    "check_languages",
    "compile_pattern",
    "compiled",
    "pattern_options",
]
