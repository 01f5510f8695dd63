"""A schedule to and from a plain dict, JSON, YAML, TOML and one line of text.

Nothing in a spec is ever evaluated: a name is looked up, a number is checked, everything else is
refused. What is written can be read: writers refuse what readers refuse.
"""

from .convert import differences as differences
from .convert import to_dict as to_dict
from .errors import SpecError as SpecError
from .files import FORMATS as FORMATS
from .files import from_json as from_json
from .files import from_toml as from_toml
from .files import from_yaml as from_yaml
from .files import read as read
from .files import to_json as to_json
from .files import to_toml as to_toml
from .files import to_yaml as to_yaml
from .files import write as write
from .json_schema import json_schema as json_schema
from .limits import check as check
from .reader import from_dict as from_dict
from .text import from_text as from_text
from .text import read_call as read_call
from .text import to_text as to_text
